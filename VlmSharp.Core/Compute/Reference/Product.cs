namespace VlmSharp.Compute.Reference;

/// <summary>The sum of products under every other equation.</summary>
internal static class Product
{
    /// <summary>sum_i a[i] b[i], in double: the oracle's own error must not matter.</summary>
    public static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += (double)a[i] * b[i];
        return sum;
    }
}
