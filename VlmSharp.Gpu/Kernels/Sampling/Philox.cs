namespace VlmSharp.Gpu.Kernels.Sampling;

/// <summary>
/// Philox4x32-10 (Salmon et al. 2011, section 4.3), the same as <see cref="Compute.Sampling.CounterRandom"/>: random words that depend only
/// on a key and a counter.
/// </summary>
internal static class Philox
{
    /// <summary>The four words of a counter.</summary>
    public static U4 Block(long counter, uint keyLow, uint keyHigh)
    {
        uint x0 = (uint)counter, x1 = (uint)(counter >> 32), x2 = 0, x3 = 0;
        for (int round = 0; round < 10; round++)
        {
            ulong a = 0xD2511F53ul * x0, b = 0xCD9E8D57ul * x2;
            uint y0 = (uint)(b >> 32) ^ x1 ^ keyLow, y2 = (uint)(a >> 32) ^ x3 ^ keyHigh;
            (x0, x1, x2, x3) = (y0, (uint)b, y2, (uint)a);
            keyLow += 0x9E3779B9;
            keyHigh += 0xBB67AE85;
        }

        return new U4 { X = x0, Y = x1, Z = x2, W = x3 };
    }
}
