namespace VlmSharp.Evaluation.Robustness;

/// <summary>The variants that <c>eval --robustness</c> asks; each kind goes from weak to strong.</summary>
internal static class RobustnessCases
{
    /// <summary>The variants for a set of items.</summary>
    /// <param name="hasBoxes">
    /// Whether the answers are boxes. A rotated or cropped picture has them in other places, and the prompts name their objects, so these
    /// variants are then left out.
    /// </param>
    public static IReadOnlyList<Variant> For(bool hasBoxes) =>
    [
        .. Levels("blur", "% of the side", [0.5, 1, 2]).Select(v => v with { Picture = (image, _) => Degradations.Blur(image, v.Level) }),
        .. Levels("JPEG", "quality", [50, 20, 5]).Select(v => v with { Picture = (image, _) => JpegLoss.Apply(image, (int)v.Level) }),
        .. Levels("noise", "of 255 levels", [10, 25, 50])
            .Select(v => v with { Picture = (image, seed) => Degradations.Noise(image, v.Level, seed) }),
        .. hasBoxes ? [] : Turned(),
        .. hasBoxes ? [] : Prompts(),
    ];

    private static IEnumerable<Variant> Turned() =>
    [
        .. Levels("rotation", "degrees", [5, 15, 45]).Select(v => v with { Picture = (image, _) => Degradations.Rotate(image, v.Level) }),
        .. Levels("crop", "% of each side", [10, 20, 40]).Select(v => v with { Picture = (image, _) => Degradations.Crop(image, v.Level) }),
    ];

    private static IEnumerable<Variant> Prompts() =>
    [
        new("very long prompt", 1, "") { Prompt = PromptVariants.VeryLong },
        new("very short prompt", 1, "") { Prompt = PromptVariants.VeryShort },
        new("hypothetical prompt", 1, "") { Prompt = PromptVariants.Hypothetical },
        new("counting prompt", 1, "") { Prompt = PromptVariants.Counting },
    ];

    private static IEnumerable<Variant> Levels(string name, string unit, double[] levels) =>
        levels.Select(level => new Variant(name, level, unit));
}
