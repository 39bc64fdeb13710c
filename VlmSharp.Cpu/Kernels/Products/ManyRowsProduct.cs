using System.Runtime.CompilerServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// The product for prefill and for the vision encoder, many rows of activations. Arithmetic is the limit, so everything here
/// serves to feed <see cref="Tile"/> from the caches. It computes S = W X^T, the transpose of the result:
/// <code>
///            packed X^T: panels of 2 V.Count rows of x,      K in blocks of 256
///            each [k][2 V.Count], packed once
///            +-----+-----+-----+--
/// W block    |     |     |     |        S[n, t] += sum_k W[n, k] X[t, k]
/// [n][k] --> | tile|     |     |
/// widened    +-----+-----+-----+--
/// </code>
/// The registers run along t, so W needs no transpose. Its rows are only widened to fp32 (or unpacked to integers, for activations rounded
/// as in <see cref="IntegerGemv{V, Q}"/>), block by block, into scratch that stays in L2, and the micro-kernel
/// broadcasts from them. Widening the weights costs N K, which only T rows share; transposing x costs T K and
/// turning S into y costs T N, each once.
/// One job item is a block of rows of W times all panels; x is cut into parts of at most <see cref="ProductBlocks.MostRows"/> rows, which
/// bounds the scratch.
/// </summary>
internal unsafe struct ManyRowsProduct<V, P> : IJob where V : struct, ISimd<V> where P : struct, ITileProduct
{
    private const int MostRows = ProductBlocks.MostRows, MostOutputs = ProductBlocks.MostOutputs, KBlock = Tile.Stride;

    private HostMatrix x, y;
    private WeightRows weight, up;
    private Epilogue epilogue;
    private int first, rows, panels; // the part of x in work
    private bool packing;            // the first of its two steps
    private bool far;                // x is so long that each block fetches it from L3 or memory
    private int outputs, items, tiles, threads;
    private float* packed, scratch;
    private long scratchStride;

    private static int PanelWidth => 2 * V.Count;

    public static void Run(CpuContext context, HostMatrix x, WeightRows weight, WeightRows up, in Epilogue epilogue, HostMatrix y)
    {
        var job = new ManyRowsProduct<V, P> { x = x, weight = weight, up = up, epilogue = epilogue, y = y };
        int parts = (x.Rows + MostRows - 1) / MostRows;
        int partRows = RoundUp((x.Rows + parts - 1) / parts, PanelWidth);
        // Items are whole tiles, differ by at most one tile, and are equally many for each thread if there are enough.
        job.threads = context.Team.Count;
        job.tiles = (y.Columns + Tile.NarrowRows - 1) / Tile.NarrowRows;
        long packedFloats = (long)partRows * P.PanelRows(x.Columns);
        job.far = packedFloats > ProductBlocks.FarFloats;
        // Processors with 512-bit registers have an L2 for twice the outputs, and then x is fetched half as often.
        int most = job.far && !up.HasValue && V.Registers == 32 ? 2 * MostOutputs : MostOutputs;
        int mostTiles = Math.Clamp(job.tiles / (4 * context.Team.Count), 1, most / Tile.NarrowRows);
        job.items = Math.Min(RoundUp((job.tiles + mostTiles - 1) / mostTiles, context.Team.Count), job.tiles);
        job.outputs = (job.tiles + job.items - 1) / job.items * Tile.NarrowRows;
        job.packed = context.Shared.Reserve(packedFloats);
        int products = up.HasValue ? 2 : 1;
        job.scratch = context.PerThread(products * (long)job.outputs * (P.Stride + (long)partRows), out job.scratchStride);

        for (job.first = 0; job.first < x.Rows; job.first += partRows)
        {
            job.rows = Math.Min(partRows, x.Rows - job.first);
            job.panels = (job.rows + PanelWidth - 1) / PanelWidth;
            job.packing = true;
            context.Team.Run(job, job.panels);
            job.packing = false;
            context.Team.Run(job, job.items);
        }
    }

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    // The last panel is one register wide if its rows fill no more.
    private static int WidthFor(int rows) => rows <= V.Count ? V.Count : PanelWidth;

    // Panel p of K block b starts here; a block holds all its panels side by side.
    private readonly float* Panel(int block, int kCount, int panel) =>
        packed + (nint)PanelWidth * ((nint)block * P.PanelRows(KBlock) * panels + (nint)panel * P.PanelRows(kCount));

    /// <summary>Packs a panel of x, or multiplies a block of rows of W by all panels.</summary>
    public readonly void Execute(int item, int worker)
    {
        if (packing) Pack(item);
        else MultiplyBlock(item, worker);
    }

    private readonly void Pack(int panel)
    {
        int place = panel * PanelWidth, count = Math.Min(PanelWidth, rows - place), width = WidthFor(count);
        for (int k = 0, block = 0; k < x.Columns; k += KBlock, block++)
        {
            int kCount = Math.Min(KBlock, x.Columns - k);
            float* target = Panel(block, kCount, panel);
            if (count < width) new Span<float>(target, P.PanelRows(kCount) * width).Clear();
            P.Pack(x.RowPointer(first + place) + k, x.Columns, count, kCount, target, width);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private readonly void MultiplyBlock(int item, int worker)
    {
        int start = StartOf(item), count = Math.Min(StartOf(item + 1), y.Columns) - start;
        nint sumStride = (panels - 1) * PanelWidth + WidthFor(rows - (panels - 1) * PanelWidth), products = up.HasValue ? 2 : 1;
        float* wide = scratch + worker * scratchStride;            // [products, outputs, P.Stride]
        float* sums = wide + products * outputs * (nint)P.Stride;  // [products, outputs, sumStride]
        if (x.Columns == 0) new Span<float>(sums, (int)(products * outputs * sumStride)).Clear();
        for (int k = 0; k < x.Columns || k == 0; k += KBlock)
        {
            BlockAhead ahead = Following(weight, item, k), upAhead = up.HasValue ? Following(up, item, k) : default;
            for (int panel = 0; panel < panels; panel++)
            {
                if (x.Columns > 0)
                {
                    // In a thread's first item x comes from the caches of the cores that packed it.
                    RunAhead next = far || item < threads ? NextPanel(k, panel, count) : default;
                    Multiply(weight, ref ahead, ref next, start, count, k, panel, wide, sums, sumStride);
                    if (up.HasValue)
                        Multiply(
                            up, ref upAhead, ref next, start, count, k, panel,
                            wide + outputs * (nint)P.Stride, sums + outputs * sumStride, sumStride);
                }

                if (k + KBlock >= x.Columns) Finish(panel, start, count, sums, sumStride);
            }
        }
    }

    private readonly int StartOf(int item) => (int)((long)item * tiles / items) * Tile.NarrowRows;

    // sums (+)= W[start.., k..] X^T[k.., panel]. W is widened tile by tile together with the first panel.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Multiply(
        WeightRows w, ref BlockAhead ahead, ref RunAhead next, int start, int count, int k, int panel, float* wide, float* sums,
        nint sumStride)
    {
        int kCount = Math.Min(KBlock, x.Columns - k), elements = P.Elements(kCount);
        float* b = Panel(k / KBlock, kCount, panel);
        float* c = sums + (nint)panel * PanelWidth;
        bool narrow = WidthFor(rows - panel * PanelWidth) == V.Count;
        for (int n = 0; n < count; n += Tile.NarrowRows)
        {
            ahead.Ask();
            next.Ask();
            if (panel == 0) Widen(w, start + n, Math.Min(Tile.NarrowRows, count - n), k, kCount, wide + n * P.Stride);
            if (narrow) P.MultiplyNarrow<V>(wide + n * P.Stride, b, c + n * sumStride, sumStride, elements, k > 0);
            else
                for (int r = n; r < n + Tile.NarrowRows; r += Tile.Rows<V>())
                    P.Multiply<V>(wide + r * P.Stride, b, c + r * sumStride, sumStride, elements, k > 0);
        }
    }

    // Widens the rows of a tile; missing rows are zero.
    private static void Widen(WeightRows w, int row, int count, int k, int kCount, float* wide)
    {
        for (int n = 0; n < count; n++) P.Unpack<V>(w, row + n, k, kCount, wide + n * P.Stride);
        for (int n = count; n < Tile.NarrowRows; n++) new Span<float>(wide + n * P.Stride, P.Stride).Clear();
    }

    // The next block of W, or after the last one the first block of the next item: short runs of many rows, which the hardware does not
    // prefetch.
    private readonly BlockAhead Following(WeightRows w, int item, int k)
    {
        bool last = k + KBlock >= x.Columns;
        int next = last ? item + threads : item, column = last ? 0 : k + KBlock;
        if (next >= items) return default;
        int start = StartOf(next), count = Math.Min(StartOf(next + 1), y.Columns) - start;
        return new BlockAhead(
            w.From(start), count, column, Math.Min(KBlock, x.Columns - column),
            panels * (StartOf(item + 1) - StartOf(item)) / Tile.NarrowRows);
    }

    // The panel after this one, prefetched while this one is multiplied; after the last one the first.
    private readonly RunAhead NextPanel(int k, int panel, int count)
    {
        if (++panel == panels)
        {
            panel = 0;
            k += KBlock;
            if (k >= x.Columns) k = 0;
        }

        int kCount = Math.Min(KBlock, x.Columns - k), tiles = (count + Tile.NarrowRows - 1) / Tile.NarrowRows;
        nint bytes = (nint)P.PanelRows(kCount) * WidthFor(rows - panel * PanelWidth) * sizeof(float);
        return new RunAhead((byte*)Panel(k / KBlock, kCount, panel), bytes, up.HasValue ? 2 * tiles : tiles);
    }

    // Turns the sums of a panel into results while they are in L1: y[t, start..] of its rows t.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Finish(int panel, int start, int count, float* sums, nint sumStride)
    {
        const int Strip = 4; // rows of y that are written together, in whole cache lines
        int place = panel * PanelWidth, end = Math.Min(rows, place + PanelWidth);
        if (up.HasValue)
        {
            float* gates = sums + place;
            for (int n = 0; n < count; n++, gates += sumStride)
                GegluMap<V>.Run(gates, gates + outputs * sumStride, gates, WidthFor(end - place));
        }

        for (int t = place; t < end; t += Strip)
        {
            int strip = Math.Min(Strip, end - t);
            // The rows of y are a power of two apart, so only few of them fit in a cache at once.
            for (int row = t + Strip; row < Math.Min(t + 2 * Strip, end); row++)
                Packing.PrefetchSecondLevel((byte*)(y.RowPointer(first + row) + start), count * sizeof(float));
            Packing.Transpose(sums + t, sumStride, count, strip, y.RowPointer(first + t) + start, y.Columns);
            if (up.HasValue) continue;
            for (int row = first + t; row < first + t + strip; row++) epilogue.Apply<V>(y.RowPointer(row) + start, row, start, count);
        }
    }
}
