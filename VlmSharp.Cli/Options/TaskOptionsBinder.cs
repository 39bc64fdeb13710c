using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Tasks;
using VlmSharp.Tasks.Masks;

namespace VlmSharp.Cli.Options;

/// <summary>
/// The options of <c>detect</c>, <c>segment</c> and <c>batch</c> that say how answers become boxes and masks, and the
/// <see cref="TaskOptions"/> that they make.
/// </summary>
internal sealed class TaskOptionsBinder
{
    private static readonly TaskOptions Default = new();

    private readonly Option<bool> anyLabel = new("--any-label")
    {
        Description = "Let the model name what it finds, for models trained on prompts such as \"detect all classes\".",
    };

    private readonly Option<bool> noConstrain = new("--no-constrain")
    {
        Description = "Let the model say anything, and read what boxes there are.",
    };

    private readonly Option<int?> divisor = NumberOption.Create<int>(
        "--loc-divisor", "N",
        "What locations are divided by: 1024, as PaliGemma's demonstration does, or 1023, as its evaluation does " +
        $"(default: {Default.LocationDivisor}).");

    private readonly Option<string?> decoder = new("--mask-decoder")
    {
        Description = "The network that decodes masks (default: vae-oid.npz in the model's folder).",
        HelpName = "FILE",
    };

    private readonly Option<bool> noMasks = new("--no-masks") { Description = "Boxes and mask codes alone; no mask decoder is needed." };

    public TaskOptionsBinder() => FileList.RefuseEmpty(decoder);

    /// <summary>Adds the options to a command.</summary>
    /// <param name="masks">Whether the command can make masks.</param>
    public void AddTo(Command command, bool masks)
    {
        foreach (Option option in new Option[] { anyLabel, noConstrain, divisor }) command.Add(option);
        if (!masks) return;
        foreach (Option option in new Option[] { decoder, noMasks }) command.Add(option);
    }

    /// <summary>Whether the model may name what it finds.</summary>
    public bool AnyLabel(ParseResult parsed) => parsed.GetValue(anyLabel);

    /// <summary>Whether mask codes stay undecoded.</summary>
    public bool NoMasks(ParseResult parsed) => parsed.GetValue(noMasks);

    /// <summary>Whether there is a mask decoder, given by its option or in the model's folder.</summary>
    public bool HasDecoder(ParseResult parsed, string folder) => parsed.GetValue(decoder) is not null || MaskDecoder.IsIn(folder);

    /// <summary>How to run tasks and read their answers. Loads the mask decoder.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="masks">Whether masks are wanted, which need a decoder.</param>
    public TaskOptions Bind(ParseResult parsed, string folder, bool masks)
    {
        int count = Divisor(parsed);
        if (count is not (1023 or 1024)) throw new UsageException($"--loc-divisor {count}: give 1024 or 1023.");
        return new TaskOptions
        {
            Constrain = !parsed.GetValue(noConstrain),
            LocationDivisor = count,
            MaskDecoder = masks ? Decoder(parsed, folder) : null,
        };
    }

    /// <summary>The options that results depend on, except the mask decoder, in words.</summary>
    public string Describe(ParseResult parsed) => string.Join(' ', new[]
    {
        parsed.GetValue(anyLabel) ? anyLabel.Name : "",
        parsed.GetValue(noConstrain) ? noConstrain.Name : "",
        $"{divisor.Name} {Divisor(parsed)}",
        parsed.GetValue(noMasks) ? noMasks.Name : "",
    }.Where(word => word.Length > 0));

    private int Divisor(ParseResult parsed) => parsed.GetValue(divisor) ?? Default.LocationDivisor;

    private MaskDecoder? Decoder(ParseResult parsed, string folder)
    {
        if (parsed.GetValue(noMasks)) return null;
        if (parsed.GetValue(decoder) is { } path) return MaskDecoder.Load(path);
        try
        {
            return MaskDecoder.LoadFrom(folder);
        }
        catch (ModelFormatException e) when (!MaskDecoder.IsIn(folder))
        {
            throw new ModelFormatException(
                $"{e.Message} Give its path to --mask-decoder; with --no-masks there are boxes and mask codes alone.", e);
        }
    }
}
