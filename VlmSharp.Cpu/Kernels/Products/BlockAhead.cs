using System.Runtime.CompilerServices;
using VlmSharp.Compute;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// A block of a parameter that is needed soon, prefetched a few rows at a time, so that the requests are spread over the
/// work before it.
/// </summary>
internal unsafe struct BlockAhead
{
    private readonly WeightRows rows;
    private readonly nint column, bytes;
    private readonly int count, share;
    private int next;

    /// <summary>A block of a parameter.</summary>
    /// <param name="rows">The rows, starting with those of the block.</param>
    /// <param name="count">Rows of the block.</param>
    /// <param name="column">Its first column.</param>
    /// <param name="columns">How many columns it has.</param>
    /// <param name="steps">Number of calls of <see cref="Ask"/> over which it is spread, at least 1.</param>
    public BlockAhead(WeightRows rows, int count, int column, int columns, int steps)
    {
        this.rows = rows;
        this.column = (nint)rows.Format.RowBytes(column);
        bytes = (nint)rows.Format.RowBytes(columns);
        this.count = count;
        share = (count + steps - 1) / steps;
    }

    /// <summary>Prefetches the next rows; does nothing after the last ones, and for <c>default</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Ask()
    {
        for (int end = Math.Min(next + share, count); next < end; next++) Packing.PrefetchSecondLevel(rows.At(next) + column, bytes);
    }
}
