using System.CommandLine;
using VlmSharp.Tasks;

namespace VlmSharp.Cli;

/// <summary>What <c>detect</c> and <c>segment</c> have beyond the other tasks: what to look for, how to read it, and where to draw it.</summary>
internal sealed class DetectionOptionsBinder
{
    private readonly bool masks;

    private readonly Argument<string[]> things = new("THING") { Description = "What to look for; several as several words, or as \"cat ; dog\".", Arity = ArgumentArity.OneOrMore };

    private readonly Option<bool> anyLabel = new("--any-label") { Description = "Let the model name what it finds, for models trained on prompts such as \"detect all classes\"." };

    private readonly Option<bool> noConstrain = new("--no-constrain") { Description = "Let the model say anything, and read what boxes there are." };

    private readonly Option<int> divisor = new Option<int>("--loc-divisor")
    {
        Description = "What locations are divided by: 1024, as PaliGemma's demonstration does, or 1023, as its evaluation does.",
        HelpName = "N",
        DefaultValueFactory = _ => 1024,
    };

    private readonly Option<string?> draw = new("--draw") { Description = "Draw what was found into a copy of the picture, a PNG file; {name} in it is the picture's name.", HelpName = "OUT.png" };

    private readonly Option<string?> mask = new("--mask") { Description = "Write the masks; {name} in it is the picture's name, {n} makes a file of each mask, numbered from 1.", HelpName = "OUT" };

    private readonly Option<string> maskFormat = new Option<string>("--mask-format")
    {
        Description = "png: a grey picture, 255 where the thing is; coco: JSON with COCO's run lengths as a string; coco-runs: as numbers.",
        DefaultValueFactory = _ => "png",
    }.AcceptOnlyFromAmong("png", "coco", "coco-runs");

    private readonly Option<string?> decoder = new("--mask-decoder") { Description = "The network that decodes masks (default: vae-oid.npz in the model's folder).", HelpName = "FILE" };

    private readonly Option<bool> noMasks = new("--no-masks") { Description = "Boxes and mask codes alone; no mask decoder is needed." };

    /// <param name="masks">Whether this is <c>segment</c>.</param>
    public DetectionOptionsBinder(bool masks)
    {
        this.masks = masks;
        foreach (Option option in new Option[] { draw, mask, decoder }) FileList.RefuseEmpty(option);
        FileList.RefuseOptions(things);
    }

    /// <summary>Adds argument and options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(things);
        foreach (Option option in new Option[] { draw, anyLabel, noConstrain, divisor }) command.Add(option);
        if (!masks) return;
        foreach (Option option in new Option[] { mask, maskFormat, decoder, noMasks }) command.Add(option);
    }

    /// <summary>What is asked.</summary>
    public VisionTask Task(ParseResult parsed)
    {
        string[] names = parsed.GetRequiredValue(things);
        if (names.FirstOrDefault(File.Exists) is { } file)
            throw new UsageException($"{file} is a file and no thing to look for; for several pictures give their names on standard input: ls *.jpg | vlmsharp {(masks ? "segment" : "detect")} - cat.");
        try
        {
            return (masks ? VisionTask.Segment(names) : VisionTask.Detect(names)) with { AnyLabel = parsed.GetValue(anyLabel) };
        }
        catch (RequestException e)
        {
            throw new UsageException(e.Message);
        }
    }

    /// <summary>How it is run and read. Opens the mask decoder.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="folder">The model's folder.</param>
    public TaskOptions TaskOptions(ParseResult parsed, string folder)
    {
        int count = parsed.GetValue(divisor);
        if (count is not (1023 or 1024)) throw new UsageException($"--loc-divisor {count}: give 1024 or 1023.");
        return new TaskOptions { Constrain = !parsed.GetValue(noConstrain), LocationDivisor = count, MaskDecoder = Decoder(parsed, folder) };
    }

    /// <summary>Where to draw, checked before anything is computed.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="many">Whether there may be several pictures.</param>
    public DetectionFiles Files(ParseResult parsed, bool many)
    {
        if (parsed.GetValue(noMasks) && parsed.GetValue(mask) is not null) throw new UsageException("--mask and --no-masks exclude each other: give one.");
        return new DetectionFiles(
            OutputName.Of(draw, parsed.GetValue(draw), many, mayNumber: false),
            OutputName.Of(mask, parsed.GetValue(mask), many, mayNumber: true),
            parsed.GetValue(maskFormat)!);
    }

    private MaskDecoder? Decoder(ParseResult parsed, string folder)
    {
        if (!masks || parsed.GetValue(noMasks)) return null;
        if (parsed.GetValue(decoder) is { } path) return MaskDecoder.Load(path);
        try
        {
            return MaskDecoder.LoadFrom(folder);
        }
        catch (ModelFormatException e) when (!MaskDecoder.IsIn(folder))
        {
            throw new ModelFormatException($"{e.Message} Its path goes behind --mask-decoder; with --no-masks there are boxes and mask codes alone.", e);
        }
    }
}
