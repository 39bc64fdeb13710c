namespace VlmSharp.Compute.Sampling;

/// <summary>
/// Random numbers without a state: number n of stream s is a function of only (s, n), Philox4x32-10 (Salmon et al. 2011, section 4.3) with
/// s as its key and n as its counter. So the random number for a token depends only on its request's seed and its position in the sequence,
/// and not on other requests. A device must compute the same numbers.
/// </summary>
public static class CounterRandom
{
    private const uint MultiplierA = 0xD2511F53, MultiplierB = 0xCD9E8D57, WeylA = 0x9E3779B9, WeylB = 0xBB67AE85;
    private const int Rounds = 10;

    /// <summary>A uniform number with 53 random bits.</summary>
    /// <param name="seed">Chooses one of 2^64 independent streams.</param>
    /// <param name="position">The index of the number in the stream.</param>
    /// <returns>In [0, 1).</returns>
    public static double Uniform(long seed, long position)
    {
        (uint a, uint b, _, _) = Words(seed, position);
        return ((((ulong)a << 32) | b) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>A random word: word <c>index % 4</c> of the block whose counter is <c>index / 4</c>, with the seed as the key.</summary>
    /// <param name="seed">Chooses one of 2^64 independent streams.</param>
    /// <param name="index">The index of the word in the stream.</param>
    /// <returns>32 random bits.</returns>
    public static uint Word(long seed, long index)
    {
        (uint a, uint b, uint c, uint d) = Words(seed, index >> 2);
        return (index & 3) switch { 0 => a, 1 => b, 2 => c, _ => d };
    }

    /// <summary>The words 4 <paramref name="counter"/> to 4 <paramref name="counter"/> + 3 of a stream.</summary>
    internal static (uint A, uint B, uint C, uint D) Words(long seed, long counter) =>
        Philox((uint)counter, (uint)(counter >> 32), 0, 0, (uint)seed, (uint)(seed >> 32));

    /// <summary>Philox4x32-10: maps a counter of 128 bits and a key of 64 bits to 128 random bits.</summary>
    /// <param name="x0">Counter, lowest word.</param>
    /// <param name="x1">Counter, second word.</param>
    /// <param name="x2">Counter, third word.</param>
    /// <param name="x3">Counter, highest word.</param>
    /// <param name="k0">Key, lower word.</param>
    /// <param name="k1">Key, higher word.</param>
    /// <returns>Four random words.</returns>
    internal static (uint A, uint B, uint C, uint D) Philox(uint x0, uint x1, uint x2, uint x3, uint k0, uint k1)
    {
        for (int round = 0; round < Rounds; round++)
        {
            ulong a = (ulong)MultiplierA * x0, b = (ulong)MultiplierB * x2;
            (x0, x1, x2, x3) = ((uint)(b >> 32) ^ x1 ^ k0, (uint)b, (uint)(a >> 32) ^ x3 ^ k1, (uint)a);
            (k0, k1) = (unchecked(k0 + WeylA), unchecked(k1 + WeylB));
        }

        return (x0, x1, x2, x3);
    }
}
