using System.Runtime.CompilerServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Products;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Attention;

/// <summary>
/// The gradients of attention with respect to its queries, keys or values, and the numbers of each row that they need, without a score
/// matrix in memory (Dao et al. 2022, section B.2). All process the pairs of queries and keys in tiles. The results belong to one side of
/// the pair, its own side, and their sums run over the other side:
/// <code>
///              own side    other side    P = dY V^T    result
/// statistics   queries     keys                        l = log sum exp(S)
/// residuals    queries     keys          yes           e = sum p (P - d) / sum p
/// dQ           queries     keys          yes           dS K
/// dK           keys        queries       yes           dS^T Q
/// dV           keys        queries                     P^T dY
///
/// for each block of the other side:   S = own other^T,  then p or dS in its place (<see cref="AttentionPairs{V}"/>)
///                                     O += S other
/// </code>
/// In exact arithmetic the ds of a query sum to 0, and so does the gradient of a bias of all keys. But d = dY.y and y are rounded; the sum
/// is then the error e, and dK uses P - d - e.
/// All threads together pack the other side once. An item is a key-value head and a block of the own side, so no two threads
/// write the same row. The query rows are those of all heads that share the key-value head.
/// </summary>
/// <remarks>
/// Blocks of the other side start at multiples of their size, so a row's result depends neither on the rows beside it nor on the threads.
/// </remarks>
internal unsafe struct AttentionGradient<V> : IJob where V : struct, ISimd<V>
{
    private const int MostRows = AttentionBlocks.ScoreRows, OtherBlock = AttentionBlocks.MostKeys, ItemsPerThread = 4;

    /// <summary>The sequence's tokens, and which of them see each other.</summary>
    public required SequenceSlice Slice { get; init; }

    /// <summary>Heads, scale, soft-cap, window.</summary>
    public required AttentionSpec Spec { get; init; }

    /// <summary>Q, or K if the own side is keys.</summary>
    public required HeadRows Own { get; init; }

    /// <summary>K, or Q if the own side is keys.</summary>
    public required HeadRows Other { get; init; }

    /// <summary>dY, or V if the own side is keys; <c>default</c> if P is not needed.</summary>
    public HeadRows OwnAlong { get; init; }

    /// <summary>V, or dY if the own side is keys.</summary>
    public HeadRows OtherAlong { get; init; }

    /// <summary>The vectors that the results sum up: K, Q or dY; <c>default</c> for the statistics.</summary>
    public HeadRows Basis { get; init; }

    /// <summary>The results, in the layout of <see cref="Own"/>; <c>default</c> for the statistics.</summary>
    public HeadRows Result { get; init; }

    /// <summary>[T, 2 H]: l and d of each head; written for the statistics, read otherwise.</summary>
    public required HostMatrix Statistics { get; init; }

    /// <summary>
    /// [T of the sequence, H]: e of each head; read if the own side is keys, written if there is no <see cref="Basis"/>; or <c>default</c>.
    /// </summary>
    public HostMatrix Residuals { get; init; }

    /// <summary>Whether the own side is keys.</summary>
    public bool OfKeys { get; init; }

    private bool packing;
    private int block, blocks; // rows of an item, items of a key-value head
    private float* shared, scratch;
    private long scratchStride;

    private static int Panel => 2 * V.Count;

    private static int Divide(int value, int by) => (value + by - 1) / by;

    private static int RoundUp(int value, int multiple) => Divide(value, multiple) * multiple;

    private readonly int Dim => Spec.HeadDim;

    private readonly int PaddedDim => RoundUp(Dim, Panel);

    private readonly int DimChunks => Divide(Dim, Tile.Stride);

    private readonly int OwnRows => Slice.RowCount * Own.Group;

    private readonly int OtherRows => Slice.RowCount * Other.Group;

    private readonly int OtherPadded => RoundUp(OtherRows, Panel);

    // A key-value head's part of the shared scratch: panels for S and P, for the results, and l, d and e of queries.
    private readonly nint HeadFloats => (nint)OtherPadded * (2 * Dim + PaddedDim + 3);

    private readonly float* ScorePanels(int kvHead) => shared + kvHead * HeadFloats;

    private readonly float* AlongPanels(int kvHead) => ScorePanels(kvHead) + (nint)OtherPadded * Dim;

    private readonly float* BasisPanels(int kvHead) => AlongPanels(kvHead) + (nint)OtherPadded * Dim;

    private readonly float* LogSums(int kvHead) => BasisPanels(kvHead) + (nint)OtherPadded * PaddedDim;

    private readonly float* Means(int kvHead) => LogSums(kvHead) + OtherPadded;

    private readonly float* Errors(int kvHead) => Means(kvHead) + OtherPadded;

    /// <summary>Computes the result for one sequence.</summary>
    public void Run(CpuContext context)
    {
        int wanted = Divide(OwnRows * Spec.KvHeads, ItemsPerThread * context.Team.Count);
        block = Math.Clamp(RoundUp(wanted, Tile.NarrowRows), 2 * Tile.NarrowRows, MostRows);
        blocks = Divide(OwnRows, block);
        shared = context.Shared.Reserve(Spec.KvHeads * HeadFloats);
        long item = (long)block * (2 * DimChunks * Tile.Stride + 2 * Tile.Stride + PaddedDim + 3);
        scratch = context.PerThread(Math.Max(item, (long)Panel * PaddedDim), out scratchStride);
        packing = true;
        context.Team.Run(this, Spec.KvHeads * (OtherPadded / Panel));
        packing = false;
        context.Team.Run(this, Spec.KvHeads * blocks);
    }

    /// <summary>Packs a panel of the other side, or computes a block of the own side.</summary>
    public readonly void Execute(int item, int worker)
    {
        float* own = scratch + worker * scratchStride;
        if (packing) Pack(item / (OtherPadded / Panel), item % (OtherPadded / Panel) * Panel, own);
        else Compute(item / blocks, item % blocks * block, own);
    }

    // For S and P a panel is [D, Panel], transposed; for the results its rows are stored in panels [rows of the block, Panel].
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private readonly void Pack(int kvHead, int row, float* rows)
    {
        int count = Math.Min(Panel, OtherRows - row), start = row / OtherBlock * OtherBlock;
        int length = Math.Min(OtherBlock, OtherPadded - start);
        Other.Copy<V>(kvHead, row, count, rows, Panel, PaddedDim, OfKeys ? QueryFactor : 1);
        Packing.Transpose(rows, PaddedDim, Panel, Dim, ScorePanels(kvHead) + (nint)row * Dim, Panel);
        if (OtherAlong.HasValue)
        {
            OtherAlong.Copy<V>(kvHead, row, count, rows, Panel, PaddedDim, 1);
            Packing.Transpose(rows, PaddedDim, Panel, Dim, AlongPanels(kvHead) + (nint)row * Dim, Panel);
        }

        if (Basis.HasValue)
        {
            Basis.Copy<V>(kvHead, row, count, rows, Panel, PaddedDim, 1);
            float* target = BasisPanels(kvHead) + (nint)start * PaddedDim + (row - start) * Panel;
            for (int r = 0; r < Panel; r++)
                for (int d = 0; d < PaddedDim; d += V.Count)
                    V.Store(target + d / Panel * (nint)length * Panel + r * Panel + d % Panel, V.Load(rows + r * PaddedDim + d));
        }

        if (!OfKeys) return;
        for (int r = row; r < row + Panel; r++)
        {
            (LogSums(kvHead)[r], Means(kvHead)[r]) = r < OtherRows ? StatisticsOf(kvHead, r) : (0, 0);
            Errors(kvHead)[r] = r < OtherRows && Residuals.HasValue ? *ResidualAt(kvHead, r) : 0;
        }
    }

    private readonly float* StatisticsAt(int kvHead, int query) =>
        Statistics.RowPointer(Slice.RowStart + query / QueryGroup) + kvHead * QueryGroup + query % QueryGroup;

    // With this factor in the queries, the exp of a score is a power of two.
    private readonly float QueryFactor => Spec.Scale * Elementary.Log2E;

    private readonly int QueryGroup => Spec.Heads / Spec.KvHeads;

    private readonly float* ResidualAt(int kvHead, int query) =>
        Residuals.RowPointer(query / QueryGroup) + kvHead * QueryGroup + query % QueryGroup;

    private readonly (float LogSum, float Mean) StatisticsOf(int kvHead, int query) =>
        (StatisticsAt(kvHead, query)[0], StatisticsAt(kvHead, query)[Spec.Heads]);

    // The rows of the other side that pair with a row of the own side: keys that a query sees, or queries that see a key.
    private readonly (int From, int To) Seen(int row)
    {
        int token = row / Own.Group, tokens = Slice.RowCount;
        if (!OfKeys) return (Slice.VisibleStart(token, Spec.Window), Math.Min(Slice.VisibleEnd(token), tokens));
        int from = token < Slice.PrefixLength ? 0 : token;
        int to = Spec.Window <= 0 ? tokens : Math.Min(tokens, Math.Max(Slice.PrefixLength, token + Spec.Window));
        return (from * Other.Group, to * Other.Group);
    }

    // The parts of a thread's scratch, for a block of rows.
    private ref struct Parts
    {
        public int KvHead, First, Rows, Padded;
        public float* Own;      // [chunks of the head size][Padded, Tile.Stride]
        public float* Along;    // the same
        public float* S;        // [Padded, Tile.Stride]: scale log2 e q.k, then p or ds
        public float* P;        // [Padded, Tile.Stride]: dY.v
        public float* O;        // [Padded, PaddedDim]
        public float* Largest;  // [Padded], of the statistics
        public float* Sum;      // [Padded]: sum exp(s - largest), or sum p
        public float* Rest;     // [Padded]: sum p (P - d)
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private readonly void Compute(int kvHead, int first, float* memory)
    {
        Parts p = default;
        (p.KvHead, p.First, p.Rows) = (kvHead, first, Math.Min(block, OwnRows - first));
        p.Padded = RoundUp(p.Rows, Tile.NarrowRows);
        p.Own = memory;
        p.Along = p.Own + (nint)p.Padded * Tile.Stride * DimChunks;
        p.S = p.Along + (nint)p.Padded * Tile.Stride * DimChunks;
        p.P = p.S + p.Padded * Tile.Stride;
        p.O = p.P + p.Padded * Tile.Stride;
        p.Largest = p.O + p.Padded * PaddedDim;
        p.Sum = p.Largest + p.Padded;
        p.Rest = p.Sum + p.Padded;
        Begin(p);
        int from = Seen(first).From / OtherBlock * OtherBlock, to = Seen(first + p.Rows - 1).To;
        for (int start = from; start < to; start += OtherBlock)
        {
            int count = Math.Min(OtherBlock, OtherPadded - start);
            Multiply(p, p.Own, ScorePanels(kvHead) + (nint)start * Dim, p.S, count);
            if (OwnAlong.HasValue) Multiply(p, p.Along, AlongPanels(kvHead) + (nint)start * Dim, p.P, count);
            for (int r = 0; r < p.Rows; r++) Weigh(p, r, start, count);
            if (Basis.HasValue) Add(p, BasisPanels(kvHead) + (nint)start * PaddedDim, count);
        }

        for (int r = 0; r < p.Rows; r++)
        {
            var o = new ReadOnlySpan<float>(p.O + (nint)r * PaddedDim, Dim);
            if (Result.HasValue) o.CopyTo(new Span<float>(Result.At(kvHead, first + r), Dim));
            else if (Residuals.HasValue) *ResidualAt(kvHead, first + r) = p.Rest[r] / p.Sum[r];
            else StatisticsAt(kvHead, first + r)[0] = p.Largest[r] * Elementary.Ln2 + MathF.Log(p.Sum[r]);
        }
    }

    // The rows that only pad a tile are 0.
    private readonly void Begin(in Parts p)
    {
        new Span<float>(p.O, p.Padded * PaddedDim).Clear();
        new Span<float>(p.S + p.Rows * Tile.Stride, (p.Padded - p.Rows) * Tile.Stride).Clear();
        new Span<float>(p.Largest, p.Padded).Fill(float.NegativeInfinity);
        new Span<float>(p.Sum, p.Padded).Clear();
        new Span<float>(p.Rest, p.Padded).Clear();
        Take(Own, p, p.Own, OfKeys ? 1 : QueryFactor);
        if (OwnAlong.HasValue) Take(OwnAlong, p, p.Along, 1);
    }

    private readonly void Take(HeadRows from, in Parts p, float* target, float factor)
    {
        for (int d = 0; d < Dim; d += Tile.Stride, target += p.Padded * Tile.Stride)
        {
            int count = Math.Min(Tile.Stride, Dim - d);
            for (int r = 0; r < p.Rows; r++) ScaleMap<V>.Run(from.At(p.KvHead, p.First + r) + d, factor, target + r * Tile.Stride, count);
            new Span<float>(target + p.Rows * Tile.Stride, (p.Padded - p.Rows) * Tile.Stride).Clear();
        }
    }

    // c = own panels, over the head size.
    private readonly void Multiply(in Parts p, float* own, float* panels, float* c, int count)
    {
        for (int d = 0; d < Dim; d += Tile.Stride, own += p.Padded * Tile.Stride)
            for (int j = 0; j < count; j += Panel)
                for (int r = 0; r < p.Padded; r += Tile.Rows<V>())
                    Tile.Multiply<V, FloatProduct>(own + r * Tile.Stride, panels + (nint)j * Dim + d * Panel, c + r * Tile.Stride + j,
                        Tile.Stride, Math.Min(Tile.Stride, Dim - d), d > 0);
    }

    // O += S basis, over a block of the other side.
    private readonly void Add(in Parts p, float* basis, int count)
    {
        for (int d = 0; d < PaddedDim; d += Panel)
            for (int r = 0; r < p.Padded; r += Tile.Rows<V>())
                Tile.Multiply<V, FloatProduct>(p.S + r * Tile.Stride, basis + (nint)d * count,
                    p.O + (nint)r * PaddedDim + d, PaddedDim, count, true);
    }

    // One row of a block of pairs; the mask leaves some of its pairs.
    private readonly void Weigh(in Parts p, int r, int start, int count)
    {
        (int from, int to) = Seen(p.First + r);
        (from, to) = (Math.Clamp(from - start, 0, count), Math.Min(to - start, count));
        float* s = p.S + r * Tile.Stride, along = p.P + r * Tile.Stride;
        if (to <= from) new Span<float>(s, count).Clear();
        else if (OfKeys)
        {
            var of = new ColumnStatistics<V>(LogSums(p.KvHead) + start, Means(p.KvHead) + start, Errors(p.KvHead) + start);
            if (OwnAlong.HasValue) AttentionPairs<V>.Differentiate(s, along, from, to, count, Spec, of);
            else AttentionPairs<V>.Weigh(s, from, to, count, Spec, of);
        }
        else if (!Basis.HasValue && !Residuals.HasValue) Sum(p, r, s + from, to - from);
        else
        {
            (float logSum, float mean) = StatisticsOf(p.KvHead, p.First + r);
            if (Residuals.HasValue)
            {
                AttentionPairs<V>.Weigh(s, from, to, count, Spec, new RowStatistics<V>(logSum, mean));
                p.Sum[r] += RowMath.Sum<V>(s + from, to - from);
                p.Rest[r] += AttentionPairs<V>.Rest(s + from, along + from, mean, to - from);
                return;
            }

            AttentionPairs<V>.Differentiate(s, along, from, to, count, Spec, new RowStatistics<V>(logSum, mean));
        }
    }

    // Updates the largest score so far and sum 2^(s - largest); a larger score rescales the sum by 2^(before - largest).
    private readonly void Sum(in Parts p, int r, float* s, int count)
    {
        if (Spec.SoftCap > 0) SoftCapMap<V>.Run(s, Spec.SoftCap * Elementary.Log2E, s, count);
        float before = p.Largest[r], largest = Math.Max(before, RowMath.Max<V>(s, count));
        float sum = RowMath.SumOf<V, PowerMap<V>>(new() { Largest = V.Broadcast(largest) }, s, count);
        p.Sum[r] = p.Sum[r] * MathF.Exp((before - largest) * Elementary.Ln2) + sum;
        p.Largest[r] = largest;
    }
}
