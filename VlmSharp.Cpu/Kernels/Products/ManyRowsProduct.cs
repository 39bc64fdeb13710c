using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>
/// The product for prefill and for the vision encoder, many rows of activations: bound by arithmetic, so everything here
/// exists to feed <see cref="Tile"/> from the caches. It computes S = W X^T, the transpose of the result:
/// <code>
///            packed X^T: panels of 2 V.Count rows of x,      K in blocks of 256
///            each [k][2 V.Count], packed once
///            +-----+-----+-----+--
/// W block    |     |     |     |        S[n, t] += sum_k W[n, k] X[t, k]
/// [n][k] --> | tile|     |     |
/// widened    +-----+-----+-----+--
/// </code>
/// The registers run along t. So W needs no transpose: its rows are only widened to fp32 (or unpacked to integers, which then meet
/// activations rounded as <see cref="IntegerGemv"/> has them), block by block into scratch that stays in L2, and the micro-kernel broadcasts from them. Packing a weight is the cost that grows with N K and is
/// divided by T alone; transposing x costs T K, and turning S into y costs T N, once.
/// One job item is a block of rows of W against all panels; x is cut into parts of at most <see cref="ProductBlocks.MostRows"/> rows, which
/// bounds the scratch.
/// </summary>
internal static unsafe class ManyRowsProduct<V, W, P>
    where V : struct, ISimd<V> where W : struct, IWeightFormat where P : struct, ITileProduct
{
    private const int MostRows = ProductBlocks.MostRows, MostOutputs = ProductBlocks.MostOutputs, KBlock = Tile.Stride, CacheLine = 64;

    private static int PanelWidth => 2 * V.Count;

    public static void Run(CpuContext context, HostMatrix x, WeightRows weight, WeightRows up, in Epilogue epilogue, HostMatrix y)
    {
        int parts = (x.Rows + MostRows - 1) / MostRows;
        int partRows = RoundUp((x.Rows + parts - 1) / parts, PanelWidth);
        // Items of whole tiles that differ by one at the most, and as many for each thread where there are enough.
        int tiles = (y.Columns + Tile.NarrowRows - 1) / Tile.NarrowRows;
        int mostTiles = Math.Clamp(tiles / (4 * context.Team.Count), 1, MostOutputs / Tile.NarrowRows);
        int items = Math.Min(RoundUp((tiles + mostTiles - 1) / mostTiles, context.Team.Count), tiles);
        int outputs = (tiles + items - 1) / items * Tile.NarrowRows;
        float* packed = context.Shared.Reserve((long)partRows * P.PanelRows(x.Columns));
        long products = up.HasValue ? 2 : 1;
        float* scratch = context.PerThread((long)outputs * (P.Stride + products * partRows), out long stride);

        for (int first = 0; first < x.Rows; first += partRows)
        {
            int rows = Math.Min(partRows, x.Rows - first);
            int panels = (rows + PanelWidth - 1) / PanelWidth;
            context.Team.Run(new PackJob { X = x, First = first, Rows = rows, Panels = panels, Packed = packed }, panels);
            var job = new MultiplyJob
            {
                Packed = packed,
                Panels = panels,
                First = first,
                Rows = rows,
                K = x.Columns,
                Outputs = outputs,
                Items = items,
                Tiles = tiles,
                Weight = weight,
                Up = up,
                Scratch = scratch,
                ScratchStride = stride,
                Epilogue = epilogue,
                Y = y,
            };
            context.Team.Run(job, items);
        }
    }

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    // The last panel has one register of columns where its rows fill no more.
    private static int WidthFor(int rows) => rows <= V.Count ? V.Count : PanelWidth;

    // Panel p of K block b starts here; a block holds all its panels side by side.
    private static float* Panel(float* packed, int panels, int block, int kCount, int panel) =>
        packed + (nint)PanelWidth * ((nint)block * P.PanelRows(KBlock) * panels + (nint)panel * P.PanelRows(kCount));

    private struct PackJob : IJob
    {
        public HostMatrix X;
        public int First, Rows, Panels;
        public float* Packed;

        public readonly void Execute(int item, int worker)
        {
            int first = item * PanelWidth, rows = Math.Min(PanelWidth, Rows - first), width = WidthFor(rows);
            for (int k = 0, block = 0; k < X.Columns; k += KBlock, block++)
            {
                int count = Math.Min(KBlock, X.Columns - k);
                float* panel = Panel(Packed, Panels, block, count, item);
                if (rows < width) new Span<float>(panel, P.PanelRows(count) * width).Clear();
                P.Pack(X.RowPointer(First + first) + k, X.Columns, rows, count, panel, width);
            }
        }
    }

    private struct MultiplyJob : IJob
    {
        public float* Packed, Scratch;
        public WeightRows Weight, Up;
        public int Panels, First, Rows, K, Outputs, Items, Tiles;
        public long ScratchStride;
        public Epilogue Epilogue;
        public HostMatrix Y;

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public readonly void Execute(int item, int worker)
        {
            int first = StartOf(item), count = Math.Min(StartOf(item + 1), Y.Columns) - first;
            nint sumStride = (Panels - 1) * PanelWidth + WidthFor(Rows - (Panels - 1) * PanelWidth);
            float* wide = Scratch + worker * ScratchStride; // [Outputs, P.Stride]
            float* sums = wide + (nint)Outputs * P.Stride;  // [Outputs, sumStride]
            float* upSums = sums + Outputs * sumStride;
            if (K == 0) new Span<float>(sums, (int)((Up.HasValue ? 2 : 1) * Outputs * sumStride)).Clear();
            for (int k = 0, block = 0; k < K; k += KBlock, block++)
            {
                Multiply(Weight, first, count, k, block, wide, sums, sumStride);
                if (Up.HasValue) Multiply(Up, first, count, k, block, wide, upSums, sumStride);
            }
            if (Up.HasValue) GegluMap<V>.Run(sums, upSums, sums, (int)(count * sumStride));

            Packing.Transpose(sums, sumStride, count, Rows, Y.RowPointer(First) + first, Y.Columns);
            if (Up.HasValue) return;
            for (int t = First; t < First + Rows; t++) Epilogue.Apply<V>(Y.RowPointer(t) + first, t, first, count);
        }

        private readonly int StartOf(int item) => (int)((long)item * Tiles / Items) * Tile.NarrowRows;

        // sums (+)= W[first.., k..] X^T[k.., all panels]
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void Multiply(WeightRows weight, int first, int count, int k, int block, float* wide, float* sums, nint sumStride)
        {
            int kCount = Math.Min(KBlock, K - k), elements = P.Elements(kCount), tiled = RoundUp(count, Tile.NarrowRows);
            for (int n = 0; n < count; n++) W.Unpack<V>(weight, first + n, k, kCount, wide + n * P.Stride);
            for (int n = count; n < tiled; n++) new Span<float>(wide + n * P.Stride, P.Stride).Clear();
            // The next block of W is a short run of each of many rows, which the hardware does not foresee: some rows with each panel.
            int aheadRow = 0, aheadRows = (count + Panels - 1) / Panels;
            nint aheadAt = (nint)W.DType.RowBytes(k + kCount), aheadBytes = (nint)W.DType.RowBytes(Math.Min(KBlock, K - k - kCount));
            for (int panel = 0; panel < Panels; panel++)
            {
                if (Sse.IsSupported)
                    for (int end = Math.Min(count, aheadRow + aheadRows); aheadRow < end; aheadRow++)
                        for (nint at = 0; at < aheadBytes; at += CacheLine) Sse.Prefetch1(weight.At(first + aheadRow) + aheadAt + at);
                float* b = Panel(Packed, Panels, block, kCount, panel);
                float* c = sums + (nint)panel * PanelWidth;
                if (WidthFor(Rows - panel * PanelWidth) == V.Count)
                    for (int n = 0; n < tiled; n += Tile.NarrowRows)
                        Tile.MultiplyNarrow<V, P>(wide + n * P.Stride, b, c + n * sumStride, sumStride, elements, k > 0);
                else
                    for (int n = 0; n < tiled; n += V.TileRows)
                        Tile.Multiply<V, P>(wide + n * P.Stride, b, c + n * sumStride, sumStride, elements, k > 0);
            }
        }
    }
}
