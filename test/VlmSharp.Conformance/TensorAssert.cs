namespace VlmSharp.Conformance;

/// <summary>Comparisons that say where and by how much two tensors differ.</summary>
public static class TensorAssert
{
    /// <summary>max |actual - expected| &lt;= tolerance, elementwise; a NaN never passes.</summary>
    public static void Close(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance, string what)
    {
        Assert.True(expected.Length == actual.Length, $"{what}: {actual.Length} numbers, expected {expected.Length}.");
        int worst = -1;
        double largest = tolerance;
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = Math.Abs((double)expected[i] - actual[i]);
            if (difference <= largest) continue;
            (worst, largest) = (i, difference);
            if (double.IsNaN(difference)) break;
        }

        if (worst < 0) return;
        Assert.Fail($"{what}: worst at {worst} of {expected.Length}: expected {expected[worst]:R}, got {actual[worst]:R}, "
            + $"difference {largest:g3} over {tolerance:g3}.");
    }

    /// <summary>The goldens' tolerance of a stage: relative * max(1, standard deviation of the expected).</summary>
    public static void StageClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double relative, string what) =>
        Close(expected, actual, relative * Math.Max(1, StandardDeviation(expected)), what);

    /// <summary>The standard deviation.</summary>
    public static double StandardDeviation(ReadOnlySpan<float> values)
    {
        double mean = 0, square = 0;
        foreach (float value in values) mean += value;
        mean /= values.Length;
        foreach (float value in values) square += (value - mean) * (value - mean);
        return Math.Sqrt(square / values.Length);
    }
}
