using System.Runtime.CompilerServices;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// Consecutive bytes that are needed soon, prefetched in equal parts, so that the requests are spread over the work before them.
/// </summary>
internal unsafe struct RunAhead
{
    private readonly byte* end;
    private readonly nint share;
    private byte* next;

    /// <summary>Bytes to prefetch.</summary>
    /// <param name="start">The first one, at the start of a cache line.</param>
    /// <param name="bytes">How many bytes there are.</param>
    /// <param name="steps">Number of calls of <see cref="Ask"/> over which they are spread, at least 1.</param>
    public RunAhead(byte* start, nint bytes, int steps)
    {
        next = start;
        end = start + bytes;
        share = (bytes / steps / Packing.CacheLine + 1) * Packing.CacheLine;
    }

    /// <summary>Prefetches the next part; does nothing after the last one, and for <c>default</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Ask()
    {
        if (next >= end) return;
        Packing.PrefetchSecondLevel(next, (nint)Math.Min(share, end - next));
        next += share;
    }
}
