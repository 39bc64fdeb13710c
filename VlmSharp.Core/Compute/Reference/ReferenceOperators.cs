namespace VlmSharp.Compute.Reference;

/// <summary>
/// Every operator as plain loops that follow its equation, one file each, summed in double precision. Read these to learn what an operator
/// does.
/// </summary>
internal sealed partial class ReferenceOperators
{
    /// <summary>sum_i a[i] b[i], in double, so that the oracle's own error does not matter.</summary>
    private static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += (double)a[i] * b[i];
        return sum;
    }

    /// <summary>x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) (Hendrycks and Gimpel 2016).</summary>
    private static double GeluTanh(double x) => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
}
