namespace VlmSharp.Compute.Reference;

/// <summary>The Gaussian error linear unit in its tanh form (Hendrycks and Gimpel 2016).</summary>
internal static class Gelu
{
    /// <summary>x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))).</summary>
    public static double Tanh(double x) => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
}
