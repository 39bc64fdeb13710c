namespace VlmSharp.Cli.LoadTest;

/// <summary>
/// The distribution of values. A percentile is always a measured value, never interpolated (nearest rank): the smallest value that at least
/// p percent of all values do not exceed.
/// </summary>
internal sealed class Percentiles
{
    /// <summary>The percentiles to show.</summary>
    public static IReadOnlyList<int> Shown { get; } = [50, 95, 99];

    private readonly double[] sorted;

    /// <summary>Sorts the values.</summary>
    public Percentiles(IEnumerable<double> values) => sorted = [.. values.Order()];

    /// <summary>Number of values.</summary>
    public int Count => sorted.Length;

    /// <summary>The mean; NaN without values.</summary>
    public double Mean => sorted.Length == 0 ? double.NaN : sorted.Average();

    /// <summary>The largest value; NaN without values.</summary>
    public double Max => sorted.Length == 0 ? double.NaN : sorted[^1];

    /// <summary>A percentile; NaN without values.</summary>
    /// <param name="percent">Above 0, up to 100.</param>
    public double this[int percent] => sorted.Length == 0 ? double.NaN : sorted[(int)(((long)percent * sorted.Length + 99) / 100) - 1];
}
