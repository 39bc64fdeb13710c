using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Output;
using VlmSharp.Tasks;

namespace VlmSharp.Cli.Options;

/// <summary>
/// The options that only <c>detect</c> and <c>segment</c> have: what to look for, how to read the answer, and where to draw it.
/// </summary>
internal sealed class DetectionOptionsBinder
{
    private readonly bool masks;

    private readonly Argument<string[]> things = new("THING")
    {
        Description = "What to look for; several as several words, or as \"cat ; dog\".",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly TaskOptionsBinder reading = new();

    private readonly Option<string?> draw = new("--draw")
    {
        Description = "Draw what was found into a copy of the picture, a PNG file; {name} in it is the picture's name.",
        HelpName = "OUT.png",
    };

    private readonly Option<string?> mask = new("--mask")
    {
        Description = "Write the masks; {name} in it is the picture's name, {n} makes a file of each mask, numbered from 1.",
        HelpName = "OUT",
    };

    private readonly Option<string> maskFormat = new Option<string>("--mask-format")
    {
        Description = "png: a gray picture, 255 where the thing is; coco: JSON with COCO's run lengths as a string; coco-runs: as numbers.",
        DefaultValueFactory = _ => "png",
    }.AcceptOnlyFromAmong("png", "coco", "coco-runs");

    /// <param name="masks">Whether this is <c>segment</c>.</param>
    public DetectionOptionsBinder(bool masks)
    {
        this.masks = masks;
        foreach (Option option in new Option[] { draw, mask }) FileList.RefuseEmpty(option);
        FileList.RefuseOptions(things, "a thing to look for");
    }

    /// <summary>Adds the argument and the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(things);
        command.Add(draw);
        reading.AddTo(command, masks);
        if (!masks) return;
        foreach (Option option in new Option[] { mask, maskFormat }) command.Add(option);
    }

    /// <summary>The task to run.</summary>
    public VisionTask Task(ParseResult parsed)
    {
        string[] names = parsed.GetRequiredValue(things);
        if (names.FirstOrDefault(File.Exists) is { } file)
            throw new UsageException(
                $"{file} is a file and no thing to look for; if the thing is meant write \"{file};\", and for several pictures give " +
                $"their names on standard input: ls *.jpg | vlmsharp {(masks ? "segment" : "detect")} - cat.");
        try
        {
            return (masks ? VisionTask.Segment(names) : VisionTask.Detect(names)) with { AnyLabel = reading.AnyLabel(parsed) };
        }
        catch (RequestException e)
        {
            throw new UsageException(e.Message);
        }
    }

    /// <summary>How to run the task and read its answer. Loads the mask decoder.</summary>
    /// <param name="folder">The model's folder.</param>
    public TaskOptions TaskOptions(ParseResult parsed, string folder) => reading.Bind(parsed, folder, masks);

    /// <summary>The files to draw into, checked before anything is computed.</summary>
    /// <param name="many">Whether there may be several pictures.</param>
    public DetectionFiles Files(ParseResult parsed, bool many)
    {
        if (reading.NoMasks(parsed) && parsed.GetValue(mask) is not null)
            throw new UsageException("--mask and --no-masks exclude each other: give one.");
        if (parsed.GetValue(mask) is null && parsed.GetResult(maskFormat) is { Implicit: false })
            throw new UsageException("--mask-format is for --mask: give both, or leave it out.");
        return new DetectionFiles(
            OutputName.Of(draw, parsed.GetValue(draw), many, mayNumber: false, kind: ".png"),
            OutputName.Of(mask, parsed.GetValue(mask), many, mayNumber: true, kind: parsed.GetValue(maskFormat) == "png" ? ".png"
                : ".json"),
            parsed.GetValue(maskFormat)!);
    }
}
