namespace VlmSharp.Evaluation.Robustness;

/// <summary>The variants that <c>eval --robustness</c> asks.</summary>
internal static class RobustnessCases
{
    /// <summary>All variants.</summary>
    public static IReadOnlyList<Variant> All { get; } = [];
}
