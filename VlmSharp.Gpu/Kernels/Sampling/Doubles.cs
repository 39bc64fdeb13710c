using ILGPU;

namespace VlmSharp.Gpu.Kernels.Sampling;

/// <summary>Double-precision functions for a draw, so that the device draws the same token as the host.</summary>
internal static class Doubles
{
    private const double Log2E = 1.4426950408889634, Ln2High = 0.693147180369123816490, Ln2Low = 1.90821492927058770002e-10;

    // Below this, e^x is not a normal number and is too small to change a sum of probabilities.
    private const double Smallest = -708;

    /// <summary>
    /// e^x = 2^n e^r for x of at most 0, with n = round(x / ln 2), |r| at most 0.35, and e^r from its Taylor series up to r^13.
    /// </summary>
    public static double Exp(double x)
    {
        if (x < Smallest) return 0;
        double scaled = x * Log2E;
        int n = (int)(scaled - 0.5);
        double r = x - n * Ln2High - n * Ln2Low;
        double p = 1.0 / 6227020800;
        p = p * r + 1.0 / 479001600;
        p = p * r + 1.0 / 39916800;
        p = p * r + 1.0 / 3628800;
        p = p * r + 1.0 / 362880;
        p = p * r + 1.0 / 40320;
        p = p * r + 1.0 / 5040;
        p = p * r + 1.0 / 720;
        p = p * r + 1.0 / 120;
        p = p * r + 1.0 / 24;
        p = p * r + 1.0 / 6;
        p = p * r + 0.5;
        p = p * r + 1;
        p = p * r + 1;
        return p * Interop.IntAsFloat((ulong)(n + 1023) << 52);
    }

    /// <summary>
    /// Number <paramref name="position"/> of the seed's stream, in [0, 1): the same number as <see
    /// cref="Compute.Sampling.CounterRandom.Uniform"/>.
    /// </summary>
    public static double Uniform(uint seedLow, uint seedHigh, long position)
    {
        U4 words = Philox.Block(position, seedLow, seedHigh);
        return ((((ulong)words.X << 32) | words.Y) >> 11) * (1.0 / (1ul << 53));
    }
}
