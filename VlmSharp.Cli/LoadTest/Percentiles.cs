namespace VlmSharp.Cli.LoadTest;

/// <summary>
/// How values are spread. A percentile is a value that was measured, never one between two (nearest rank): the smallest that at
/// least p percent of all values do not exceed.
/// </summary>
internal sealed class Percentiles
{
    /// <summary>The percentiles that are shown.</summary>
    public static IReadOnlyList<int> Shown { get; } = [50, 95, 99];

    private readonly double[] sorted;

    /// <summary>Sorts the values.</summary>
    public Percentiles(IEnumerable<double> values) => sorted = [.. values.Order()];

    /// <summary>How many values there are.</summary>
    public int Count => sorted.Length;

    /// <summary>The mean; NaN of none.</summary>
    public double Mean => sorted.Length == 0 ? double.NaN : sorted.Average();

    /// <summary>The largest; NaN of none.</summary>
    public double Max => sorted.Length == 0 ? double.NaN : sorted[^1];

    /// <summary>A percentile; NaN of no values.</summary>
    /// <param name="percent">Above 0, up to 100.</param>
    public double this[int percent] => sorted.Length == 0 ? double.NaN : sorted[(int)(((long)percent * sorted.Length + 99) / 100) - 1];
}
