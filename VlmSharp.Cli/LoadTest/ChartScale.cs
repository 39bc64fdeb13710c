namespace VlmSharp.Cli.LoadTest;

/// <summary>Maps values to positions between 0 and 1, with round values as tick labels.</summary>
/// <param name="Low">The value at 0.</param>
/// <param name="High">The value at 1.</param>
/// <param name="IsLogarithmic">Whether the scale is logarithmic.</param>
/// <param name="Ticks">The round values, ascending.</param>
internal sealed record ChartScale(double Low, double High, bool IsLogarithmic, IReadOnlyList<double> Ticks)
{
    /// <summary>The position of a value.</summary>
    public double At(double value) => IsLogarithmic
        ? Math.Log(Math.Clamp(value, Low, High) / Low) / Math.Log(High / Low)
        : (value - Low) / (High - Low);

    /// <summary>From the next lower round number to the next higher one; round is 1, 2 or 5 times a power of ten.</summary>
    public static ChartScale Logarithmic(double[] values)
    {
        double least = Math.Max(values.Where(v => v > 0).DefaultIfEmpty(0.001).Min(), 1e-6);
        double most = Math.Max(values.DefaultIfEmpty(1).Max(), least);
        double[] round = [.. Enumerable.Range(-7, 14).SelectMany(e => new[] { 1.0, 2, 5 }.Select(m => m * Math.Pow(10, e)))];
        int low = Math.Max(0, Array.FindLastIndex(round, r => r <= least)), high = Array.FindIndex(round, low + 1, r => r >= most);
        if (high < 0) high = round.Length - 1;
        double[] ticks = round[low..(high + 1)];
        // Keep the labels readable: all ticks if they are few, otherwise only the powers of ten.
        return new ChartScale(ticks[0], ticks[^1], true, ticks.Length <= 8 ? ticks : [.. ticks.Where(IsPowerOfTen)]);
    }

    /// <summary>From 0 to a round number above the largest.</summary>
    public static ChartScale FromZero(double[] values)
    {
        double most = Math.Max(values.DefaultIfEmpty(1).Max(), 1e-3), step = Math.Pow(10, Math.Floor(Math.Log10(most / 4)));
        foreach (double m in new[] { 1.0, 2, 5, 10 })
        {
            if (most / (m * step) > 5) continue;
            step *= m;
            break;
        }

        int count = (int)Math.Ceiling(most / step - 1e-9);
        return new ChartScale(0, count * step, false, [.. Enumerable.Range(0, count + 1).Select(i => Math.Round(i * step, 6))]);
    }

    private static bool IsPowerOfTen(double value) => Math.Abs(Math.Log10(value) - Math.Round(Math.Log10(value))) < 1e-9;
}
