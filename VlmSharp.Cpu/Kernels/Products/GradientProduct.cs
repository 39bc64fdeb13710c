using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// The product whose right operand is stored row by row in the direction of the sum, as in both gradients of a linear layer:
/// <code>
/// y[m, n] = sum_k a[m, k] b[k, n] + sum[m, n]
/// dX = dY W       a = dY [T, out],  b = W [out, in], of any storage format
/// dW = dY^T X     a = dY^T, which is stored as [T, out],  b = X [T, in]
///
///               b block [256][N block], widened:
///               panels of 2 V.Count columns
///               +-----+-----+-----+--
/// a block       |     |     |     |        y[m, n] += sum_k a[m, k] b[k, n]
/// [m][256]  --> | tile|     |     |
/// packed once   +-----+-----+-----+--
/// </code>
/// The registers run along n, so neither b nor y needs a transpose: a piece of each row of b is widened to fp32 and copied into panels,
/// block by block, into scratch that stays in L2, where <see cref="Tile"/> reads it. Only dY of dW is transposed, once. One job item is a
/// block of rows of a times a block of columns of b.
/// </summary>
/// <remarks>
/// An element's sum runs over k in order, in blocks of <see cref="Tile.Stride"/>, whatever the blocks of rows and columns are.
/// </remarks>
internal unsafe struct GradientProduct<V> : IJob where V : struct, ISimd<V>
{
    private const int MostRows = ProductBlocks.MostRows, KBlock = Tile.Stride, CacheLine = 64;

    // Columns come in units that hold whole groups of every storage format and whole panels of every width.
    private const int Unit = 64, MostUnits = ProductBlocks.GradientColumns / Unit;

    // Rows that a packing job transposes: their lines, 1 KB apart, must not evict each other from the first-level cache.
    private const int PackedTogether = 2 * Tile.NarrowRows;

    private HostMatrix a, y, sum;
    private WeightRows b;
    private bool transposed;      // a lies as [k, m]
    private int firstRow, rows;   // the part of the rows in work
    private int firstK, depth;    // the part of k in work
    private int block, blocks;    // rows of a block, blocks of the part
    private int units, items;     // of columns
    private bool packing;
    private float* packed, scratch;
    private long scratchStride;

    private static int PanelWidth => 2 * V.Count;

    /// <summary>Computes the product.</summary>
    /// <param name="context">Threads and scratch.</param>
    /// <param name="a">[M, K], or [K, M] if it is transposed.</param>
    /// <param name="transposed">Whether a is stored transposed, with a row for each k.</param>
    /// <param name="b">K rows of y.Columns numbers.</param>
    /// <param name="y">[M, N].</param>
    /// <param name="sum">[M, N], which is added; y itself, or <c>default</c> for 0.</param>
    public static void Run(CpuContext context, HostMatrix a, bool transposed, WeightRows b, HostMatrix y, HostMatrix sum)
    {
        if (y.Rows == 0 || y.Columns == 0) return;
        int k = transposed ? a.Rows : a.Columns;
        var job = new GradientProduct<V> { a = a, transposed = transposed, b = b, y = y, sum = sum };
        if (k == 0)
        {
            for (int row = 0; row < y.Rows; row++) job.Start(row);
            return;
        }

        int threads = context.Team.Count;
        job.units = Divide(y.Columns, Unit);
        job.items = Math.Min(RoundUp(Divide(job.units, MostUnits), threads), job.units);
        int mostDepth = Math.Min(k, ProductBlocks.GradientDepth);
        // As many blocks of rows as the threads need, but no more at a time than the scratch holds.
        int wanted = Divide(ProductBlocks.ItemsPerThread * threads, job.items);
        job.block = Math.Min(RoundUp(Divide(y.Rows, Math.Max(Divide(y.Rows, MostRows), wanted)), Tile.NarrowRows), MostRows);
        long blockFloats = (long)job.block * RoundUp(mostDepth, KBlock);
        int blocksAtOnce = (int)Math.Clamp(ProductBlocks.GradientFloats / blockFloats, 1, Divide(y.Rows, job.block));
        int rowsAtOnce = blocksAtOnce * job.block;
        job.packed = context.Shared.Reserve((long)rowsAtOnce * RoundUp(mostDepth, KBlock));
        int columns = Divide(job.units, job.items) * Unit;
        job.scratch = context.PerThread((long)columns * (KBlock + job.block + 1), out job.scratchStride);

        for (job.firstK = 0; job.firstK < k; job.firstK += mostDepth)
        {
            job.depth = Math.Min(mostDepth, k - job.firstK);
            for (job.firstRow = 0; job.firstRow < y.Rows; job.firstRow += rowsAtOnce)
            {
                job.rows = Math.Min(rowsAtOnce, y.Rows - job.firstRow);
                job.blocks = Divide(job.rows, job.block);
                job.packing = true;
                context.Team.Run(job, Divide(job.rows, PackedTogether));
                job.packing = false;
                context.Team.Run(job, job.blocks * job.items);
            }

            job.sum = y; // the next part of k adds to this one
        }
    }

    private static int Divide(int value, int by) => (value + by - 1) / by;

    private static int RoundUp(int value, int multiple) => Divide(value, multiple) * multiple;

    private static int WidthFor(int columns) => columns <= V.Count ? V.Count : PanelWidth;

    // The rows of a part, rounded up to whole tiles.
    private readonly int PaddedRows => RoundUp(rows, Tile.NarrowRows);

    /// <summary>Packs some rows of a, or multiplies a block of rows with a block of columns.</summary>
    public readonly void Execute(int item, int worker)
    {
        if (packing) Pack(item * PackedTogether);
        else Multiply(item, worker);
    }

    // Writes a row whose sum has no products.
    private readonly void Start(int row)
    {
        if (sum.HasValue) sum.Row(row).CopyTo(y.Row(row));
        else y.Row(row).Clear();
    }

    // Row m of k block i is at (i PaddedRows + m) KBlock.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private readonly void Pack(int first)
    {
        int count = Math.Min(PackedTogether, rows - first), padded = Math.Min(PackedTogether, PaddedRows - first);
        for (int k = 0; k < depth; k += KBlock)
        {
            int kCount = Math.Min(KBlock, depth - k);
            float* target = packed + ((nint)(k / KBlock) * PaddedRows + first) * KBlock;
            if (transposed) Packing.Transpose(a.RowPointer(firstK + k) + firstRow + first, a.Columns, kCount, count, target, KBlock);
            else
            {
                for (int m = 0; m < count; m++)
                    new ReadOnlySpan<float>(a.RowPointer(firstRow + first + m) + firstK + k, kCount)
                        .CopyTo(new Span<float>(target + m * KBlock, kCount));
            }

            new Span<float>(target + (nint)count * KBlock, (padded - count) * KBlock).Clear();
        }
    }

    private readonly int ColumnOf(int item) => (int)((long)item * units / items) * Unit;

    // Neighboring items share the rows of a, which therefore stay in the cache that all threads share.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private readonly void Multiply(int item, int worker)
    {
        int row = item / items * block, count = Math.Min(block, rows - row), tiled = RoundUp(count, Tile.NarrowRows);
        int column = ColumnOf(item % items), columns = Math.Min(ColumnOf(item % items + 1), y.Columns) - column;
        int last = (columns - 1) / PanelWidth * PanelWidth, lastWidth = WidthFor(columns - last), sumStride = last + lastWidth;
        float* panels = scratch + worker * scratchStride; // [columns / PanelWidth][KBlock][PanelWidth]
        float* sums = panels + (nint)sumStride * KBlock;  // [tiled, sumStride]
        float* wide = sums + (nint)tiled * sumStride;     // [columns]
        int tiles = tiled / Tile.Rows<V>() * Divide(columns, PanelWidth);
        for (int k = 0; k < depth; k += KBlock)
        {
            int kCount = Math.Min(KBlock, depth - k);
            Widen(firstK + k, kCount, column, columns, panels, wide);
            float* left = packed + ((nint)(k / KBlock) * PaddedRows + row) * KBlock;
            int asked = 0, tile = 0;
            for (int j = 0; j < columns; j += PanelWidth)
            {
                float* panel = panels + (nint)j * kCount;
                bool narrow = j == last && lastWidth == V.Count;
                int tileRows = narrow ? Tile.NarrowRows : Tile.Rows<V>();
                for (int m = 0; m < tiled; m += tileRows)
                {
                    // The next data are short runs of many rows, which the hardware does not prefetch: some rows are prefetched with each
                    // tile.
                    if (k + kCount == depth) AskForResults(row + m, tileRows, column + j);
                    else
                        for (int end = ++tile * KBlock / tiles; asked < end; asked++)
                            AskForNext(firstK + k + kCount + asked, column, columns);
                    float* c = sums + (nint)m * sumStride + j;
                    if (narrow) Tile.MultiplyNarrow<V, FloatProduct>(left + (nint)m * KBlock, panel, c, sumStride, kCount, k > 0);
                    else Tile.Multiply<V, FloatProduct>(left + (nint)m * KBlock, panel, c, sumStride, kCount, k > 0);
                }
            }
        }

        for (int m = 0; m < count; m++) Finish(sums + (nint)m * sumStride, firstRow + row + m, column, columns);
    }

    // Widens some rows of b into fp32 panels and fills the rest of the last panel with 0.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Widen(int k, int kCount, int column, int columns, float* panels, float* wide)
    {
        int last = (columns - 1) / PanelWidth * PanelWidth, lastWidth = WidthFor(columns - last);
        new Span<float>(wide + columns, last + lastWidth - columns).Clear();
        for (int i = 0; i < kCount; i++)
        {
            b.Widen<V>(k + i, column, columns, wide);
            float* from = wide, to = panels + i * PanelWidth;
            for (int j = 0; j < last; j += PanelWidth, from += PanelWidth, to += (nint)PanelWidth * kCount)
            {
                V.Store(to, V.Load(from));
                V.Store(to + V.Count, V.Load(from + V.Count));
            }

            to = panels + (nint)last * kCount + i * lastWidth;
            V.Store(to, V.Load(from));
            if (lastWidth > V.Count) V.Store(to + V.Count, V.Load(from + V.Count));
        }
    }

    // Prefetches a row of the next block of b.
    private readonly void AskForNext(int k, int column, int columns)
    {
        if (!Sse.IsSupported || k >= firstK + depth) return;
        byte* from = b.At(k) + (nint)b.Format.RowBytes(column);
        nint bytes = (nint)b.Format.RowBytes(columns);
        for (nint at = 0; at < bytes; at += CacheLine) Sse.Prefetch1(from + at);
    }

    // Prefetches the results of a tile, and the numbers added to them.
    private readonly void AskForResults(int row, int count, int column)
    {
        if (!Sse.IsSupported) return;
        for (int m = firstRow + row; m < Math.Min(firstRow + row + count, y.Rows); m++)
            for (int j = column; j < Math.Min(column + PanelWidth, y.Columns); j += CacheLine / sizeof(float))
            {
                Sse.Prefetch1(y.RowPointer(m) + j);
                if (sum.HasValue) Sse.Prefetch1(sum.RowPointer(m) + j);
            }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Finish(float* sums, int row, int column, int columns)
    {
        float* target = y.RowPointer(row) + column;
        if (sum.HasValue) AddMap<V>.Run(sums, sum.RowPointer(row) + column, target, columns);
        else new ReadOnlySpan<float>(sums, columns).CopyTo(new Span<float>(target, columns));
    }
}
