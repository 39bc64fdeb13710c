using System.Numerics;
using VlmSharp.Gpu.Tests.Ptx.Execution;

namespace VlmSharp.Gpu.Tests.Ptx.Memory;

/// <summary>
/// Global memory is read in sectors of 32 bytes. The reads of a warp in one instruction are combined: each sector is read
/// once, and completely, however little of it is needed.
/// </summary>
internal static class Sectors
{
    public const int Bytes = 32;

    /// <summary>The different sectors that the lanes' addresses lie in. An access is aligned and no longer than a sector.</summary>
    public static int Count(GlobalMemory memory, ReadOnlySpan<ulong> addresses, uint lanes)
    {
        Span<ulong> found = stackalloc ulong[Warp.Lanes];
        int count = 0;
        for (uint m = lanes; m != 0; m &= m - 1)
        {
            ulong sector = memory.SectorOf(addresses[BitOperations.TrailingZeroCount(m)]);
            // Neighbors mostly lie in the sector that was found last.
            if (count == 0 || (found[count - 1] != sector && !found[..count].Contains(sector))) found[count++] = sector;
        }

        return count;
    }
}
