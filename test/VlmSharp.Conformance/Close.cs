namespace VlmSharp.Conformance;

/// <summary>Comparisons that name the worst element.</summary>
public static class Close
{
    /// <summary>Half the distance between 1 and the next fp32 number: the error of one rounding.</summary>
    public const double Unit = 1.0 / (1 << 24);

    /// <summary>
    /// The bound on the error of a sum of <paramref name="terms"/> products of numbers up to <paramref name="magnitude"/>: roundings
    /// go both ways, so the error grows with the root of their number. The factor 8 leaves room for the tail.
    /// </summary>
    public static double SumBound(int terms, double magnitude) =>
        8 * Unit * magnitude * Math.Sqrt(terms + 4.0) * Math.Max(1, Math.Log2(terms + 2.0) / 4);

    /// <summary>Fails if any element is off by more than the tolerance, and names the one that is off the most.</summary>
    public static void AssertAll(string what, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        int worst = -1;
        double error = tolerance;
        for (int i = 0; i < expected.Length; i++)
        {
            double here = Math.Abs((double)expected[i] - actual[i]);
            if (expected[i].Equals(actual[i]) || here <= error) continue;
            worst = i;
            error = double.IsNaN(here) ? double.PositiveInfinity : here;
            if (double.IsPositiveInfinity(error)) break;
        }
        if (worst >= 0)
        {
            Assert.Fail($"{what}: element {worst} of {expected.Length} should be {expected[worst]:R}, is {actual[worst]:R}; "
                + $"off by {error:G3}, allowed {tolerance:G3}.");
        }
    }

    /// <summary>Fails if a number is off by more than a share of its expected value.</summary>
    public static void AssertRelative(string what, double expected, double actual, double tolerance) =>
        Assert.True(Math.Abs(expected - actual) <= tolerance * Math.Abs(expected),
            $"{what} should be {expected:R}, is {actual:R}; off by {Math.Abs(actual / expected - 1):G3}, allowed {tolerance:G3}.");
}
