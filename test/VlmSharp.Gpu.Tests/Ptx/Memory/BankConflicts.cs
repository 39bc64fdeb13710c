using System.Numerics;
using System.Runtime.CompilerServices;
using VlmSharp.Gpu.Tests.Ptx.Execution;

namespace VlmSharp.Gpu.Tests.Ptx.Memory;

/// <summary>
/// Shared memory has 32 banks of 4 bytes: word i lies in bank i % 32. A bank takes one pass for each different word that lanes need;
/// lanes that need the same word get it together. Lanes of 8 bytes are served in halves of a warp, of 16 bytes in quarters.
/// </summary>
internal static class BankConflicts
{
    private const int Banks = 32;

    /// <summary>Passes beyond those that the amount of data needs.</summary>
    /// <param name="addresses">An address for each lane.</param>
    /// <param name="lanes">The lanes that take part.</param>
    /// <param name="size">Bytes of a lane.</param>
    public static int ExtraPasses(ReadOnlySpan<ulong> addresses, uint lanes, int size)
    {
        int together = size <= 4 ? 32 : Banks * 4 / size, extra = 0;
        uint part = together == 32 ? uint.MaxValue : (1u << together) - 1;
        for (int first = 0; first < Warp.Lanes; first += together)
        {
            uint wanted = lanes & (part << first);
            if (wanted != 0) extra += Passes(addresses, wanted, size) - 1;
        }

        return extra;
    }

    [SkipLocalsInit]
    private static int Passes(ReadOnlySpan<ulong> addresses, uint lanes, int size)
    {
        Span<uint> words = stackalloc uint[Warp.Lanes * 4]; // [bank]: the first word wanted of it; then [n]: further different words
        Span<byte> wanted = stackalloc byte[Banks];
        wanted.Clear();
        int further = Banks, passes = 1;
        for (uint m = lanes; m != 0; m &= m - 1)
        {
            uint address = (uint)addresses[BitOperations.TrailingZeroCount(m)];
            for (uint word = address / 4; word <= (address + (uint)size - 1) / 4; word++)
            {
                int bank = (int)(word % Banks);
                if (wanted[bank] == 0) words[bank] = word;
                else if (words[bank] == word || words[Banks..further].Contains(word)) continue;
                else words[further++] = word;
                passes = Math.Max(passes, ++wanted[bank]);
            }
        }

        return passes;
    }
}
