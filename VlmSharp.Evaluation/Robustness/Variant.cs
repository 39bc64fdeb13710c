using VlmSharp.Imaging;

namespace VlmSharp.Evaluation.Robustness;

/// <summary>One way to make items harder.</summary>
/// <param name="Name">The change, such as blur.</param>
/// <param name="Level">Its strength, such as 2.</param>
/// <param name="Unit">The unit of <paramref name="Level"/>, for axes.</param>
internal sealed record Variant(string Name, double Level, string Unit)
{
    /// <summary>Changes a picture; the number is the seed of anything random. Null if pictures stay unchanged.</summary>
    public Func<RgbImage, long, RgbImage>? Picture { get; init; }

    /// <summary>Changes a prompt; null if prompts stay unchanged.</summary>
    public Func<string, string>? Prompt { get; init; }
}
