using VlmSharp.Imaging;

namespace VlmSharp.Evaluation.Robustness;

/// <summary>A way in which items are made harder.</summary>
/// <param name="Name">What is done, such as blur.</param>
/// <param name="Level">How much, such as 2.</param>
/// <param name="Unit">What <paramref name="Level"/> counts; for axes.</param>
internal sealed record Variant(string Name, double Level, string Unit)
{
    /// <summary>Changes a picture; the number chooses what is random, and another one is another choice. Null where pictures stay.</summary>
    public Func<RgbImage, long, RgbImage>? Picture { get; init; }

    /// <summary>Changes a prompt; null where prompts stay.</summary>
    public Func<string, string>? Prompt { get; init; }
}
