using VlmSharp.Imaging;

namespace VlmSharp.Explain.Ablations;

/// <summary>What to switch off.</summary>
public sealed record AblationOptions
{
    /// <summary>The most new tokens of an answer: the scores of the whole vocabulary are kept for each of them.</summary>
    public const int LargestMaxNewTokens = 64;

    /// <summary>The most new tokens of an answer, including the end of the sequence; 1 to <see cref="LargestMaxNewTokens"/>.</summary>
    public int MaxNewTokens { get; init; } = 32;

    /// <summary>Whether each decoder layer is skipped in turn, beside the switches of the whole model.</summary>
    public bool Layers { get; init; }

    /// <summary>Whether each query head of each decoder layer is silenced in turn.</summary>
    public bool Heads { get; init; }

    /// <summary>
    /// The switches to run instead of the usual ones, by <see cref="AblationSwitch.Name"/>. The beginning of a name selects every switch
    /// whose name starts with it: <c>layer</c>, <c>head.2</c>. Null or empty runs the usual ones.
    /// </summary>
    public IReadOnlyList<string>? Only { get; init; }

    /// <summary>
    /// A picture to answer from instead of the request's. Null for none; the switch <c>other-picture</c> is then missing.
    /// </summary>
    public RgbImage? OtherImage { get; init; }
}
