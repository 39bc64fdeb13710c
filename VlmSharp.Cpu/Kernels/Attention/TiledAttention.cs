using System.Numerics;
using System.Runtime.CompilerServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Kernels.Products;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Simd;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Attention;

/// <summary>
/// Attention (Vaswani et al. 2017, eq. 1) in one pass over the keys. The softmax is updated with each block (Milakov and
/// Gimelshein 2018; Dao et al. 2022), so only the scores of one block of keys are in memory at a time:
/// <code>
/// for each block of keys:   S = scale Q K^T, soft-capped
///                           m' = max(m, max S),  P = exp(S - m')
///                           l  = l exp(m - m') + sum P
///                           O  = O exp(m - m') + P V
/// at the end:               y  = O / l
/// </code>
/// The exponentials are powers of two: log2 e goes into the scale of the scores, and exp(s - m) = 2^(s log2 e - m log2 e).
/// An item is one key-value head, a block of queries and a piece of the keys. Its rows are the queries of all heads that share
/// the key-value head, so multi-query attention reads each key once for eight heads. The keys are cut into several pieces only
/// if one block holds all queries (decoding over a long cache); <see cref="AttentionMerge"/> then joins the pieces. The number of
/// pieces depends on the keys and not on the threads, so the result does not depend on the threads either.
/// </summary>
internal unsafe struct TiledAttention<V> : IJob where V : struct, ISimd<V>
{
    private const int MostRows = AttentionBlocks.MostRows, ScoreRows = AttentionBlocks.ScoreRows, MostKeys = AttentionBlocks.MostKeys;

    // The most keys of a piece; with this many items, pieces are not made smaller.
    private const int LongestPiece = AttentionBlocks.LongestPiece, EnoughItems = AttentionBlocks.EnoughItems;

    // With fewer rows than this, packing a block of keys costs more than it saves.
    private const int FewRows = 24;

    // More items than threads, so that a thread that is interrupted takes fewer.
    private const int ItemsPerThread = 4;

    // A head's part of a long row is too short for the hardware prefetcher: rows are prefetched this many rows ahead.
    private const int RowsAhead = 12;

    private HostMatrix q, keys, values, y;
    private SequenceSlice slice;
    private AttentionSpec spec;
    private int queryBlock, queryBlocks, keyBlock, pieces;
    private long scratchStride;
    private float* scratch;
    private AttentionMerge merge;

    private readonly int Group => spec.Heads / spec.KvHeads;

    // Columns of a tile.
    private static int Panel => 2 * V.Count;

    private readonly int PaddedDim => RoundUp(spec.HeadDim, Panel);

    public static void Run(
        CpuContext context, HostMatrix q, HostMatrix keys, HostMatrix values, in SequenceSlice slice, in AttentionSpec spec, HostMatrix y)
    {
        var job = new TiledAttention<V> { q = q, keys = keys, values = values, slice = slice, spec = spec, y = y };
        int fewest = Divide(slice.RowCount, Math.Max(1, MostRows / job.Group));
        int most = Divide(slice.RowCount, Math.Max(1, ScoreRows / job.Group));
        job.queryBlock = Divide(slice.RowCount, Math.Clamp(Divide(ItemsPerThread * context.Team.Count, spec.KvHeads), fewest, most));
        job.queryBlocks = Divide(slice.RowCount, job.queryBlock);
        int visible = Math.Min(keys.Rows, slice.VisibleEnd(slice.Past + slice.RowCount - 1)) - slice.VisibleStart(slice.Past, spec.Window);
        job.pieces = most > 1 ? 1 : Pieces(visible, spec.KvHeads);
        int together = job.pieces > 1 ? Divide(visible, job.pieces) : keys.Rows;
        job.keyBlock = RoundUp(Divide(together, Divide(together, MostKeys)), Panel); // blocks of about the same size
        job.scratch = context.PerThread(job.ScratchFloats(), out job.scratchStride);
        if (job.pieces > 1)
            job.merge = AttentionMerge.Create(context, slice.RowCount * spec.Heads, job.pieces, spec.HeadDim);
        context.Team.Run(job, spec.KvHeads * job.queryBlocks * job.pieces);
        if (job.pieces > 1) job.merge.Join(context, y.RowPointer(slice.RowStart));
    }

    // A power of two if the heads allow it, which 2, 4, 8 and 16 threads can divide evenly.
    private static int Pieces(int keys, int kvHeads) =>
        Math.Min((int)BitOperations.RoundUpToPowerOf2((uint)Divide(keys, LongestPiece)), Divide(EnoughItems, kvHeads));

    // Rounded up.
    private static int Divide(int value, int by) => (value + by - 1) / by;

    private static int RoundUp(int value, int multiple) => Divide(value, multiple) * multiple;

    private readonly int PaddedRows => RoundUp(queryBlock * Group, Tile.Rows<V>());

    private readonly int DimChunks => Divide(spec.HeadDim, Tile.Stride);

    private readonly long ScratchFloats() =>
        (long)PaddedRows * (Tile.Stride * DimChunks + PaddedDim + 2) + ScoreRows * Tile.Stride +
        (long)MostKeys * (spec.HeadDim + PaddedDim);

    // The parts of a thread's scratch.
    private ref struct Parts
    {
        public float* Q;       // [chunks of the head size][rows, Tile.Stride], scaled
        public float* S;       // [ScoreRows, Tile.Stride]: scores, then probabilities
        public float* O;       // [rows, PaddedDim]
        public float* Largest; // m [rows]
        public float* Sum;     // l [rows]
        public float* KeysT;   // panels [HeadDim, Panel] of a block of keys
        public float* Values;  // panels [keys, Panel] of a block of values
        public int Rows, Padded, KvHead, Query, Queries, Piece;

        // Panel d of a block of values starts at FirstValue + d * ValuePanel; its rows are ValueStride apart.
        public float* FirstValue;
        public nint ValueStride, ValuePanel;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public readonly void Execute(int item, int worker)
    {
        Parts p = default;
        p.Piece = item % pieces;
        p.KvHead = item / pieces / queryBlocks;
        p.Query = item / pieces % queryBlocks * queryBlock;
        p.Queries = Math.Min(queryBlock, slice.RowCount - p.Query);

        int first = slice.Past + p.Query, last = first + p.Queries - 1;
        int start = slice.VisibleStart(first, spec.Window);
        // Blocks start at multiples of their size, so that a row's result does not depend on the queries beside it.
        if (pieces == 1) start = start / keyBlock * keyBlock;
        int end = Math.Min(keys.Rows, slice.VisibleEnd(last));
        int pieceKeys = pieces == 1 ? end - start : RoundUp(Divide(end - start, pieces), Panel);
        start += p.Piece * pieceKeys;
        end = Math.Min(end, start + pieceKeys);

        // A hidden key has weight 0 for a query, but 0 times a non-finite value is NaN: in that case each query is computed by itself.
        if (AreFinite(p.KvHead, start, Math.Min(end, slice.VisibleStart(last, spec.Window))) &&
            AreFinite(p.KvHead, Math.Max(start, slice.VisibleEnd(first)), end))
        {
            Attend(p, worker, start, start, end);
            return;
        }
        p.Queries = 1;
        for (int position = first; position <= last; position++, p.Query++)
            Attend(p, worker, start, Math.Max(start, slice.VisibleStart(position, spec.Window)), Math.Min(end, slice.VisibleEnd(position)));
    }

    // Whether the values [from, to) of a head are finite. A sum that overflows only costs time.
    private readonly bool AreFinite(int kvHead, int from, int to)
    {
        for (int j = from; j < to; j++)
            if (!float.IsFinite(RowMath.Sum<V>(values.RowPointer(j) + kvHead * spec.HeadDim, spec.HeadDim))) return false;
        return true;
    }

    // The queries of an item over the keys [from, to), in blocks that start at start.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private readonly void Attend(Parts p, int worker, int start, int from, int to)
    {
        p.Rows = p.Queries * Group;
        p.Padded = RoundUp(p.Rows, Tile.Rows<V>());
        p.Q = scratch + worker * scratchStride;
        p.S = p.Q + (nint)p.Padded * Tile.Stride * DimChunks;
        p.KeysT = p.S + ScoreRows * Tile.Stride;
        p.Values = p.KeysT + (nint)MostKeys * spec.HeadDim;
        p.O = p.Values + (nint)MostKeys * PaddedDim;
        p.Largest = p.O + (nint)p.Padded * PaddedDim;
        p.Sum = p.Largest + p.Padded;
        Begin(p);
        for (; start < to; start += keyBlock)
        {
            int key = Math.Max(start, from), count = Math.Min(start + keyBlock, to) - key;
            if (count <= 0) continue;
            Pack(ref p, key, count);
            for (int row = 0; row < p.Rows; row += ScoreRows)
            {
                Score(p, row, key, count);
                Weigh(p, row, key, count);
                AddValues(p, row, count);
            }
        }
        Finish(p);
    }

    // The address in the step's matrix for row r of a block: its row and first feature.
    private readonly float* Place(HostMatrix matrix, in Parts p, int r) =>
        matrix.RowPointer(slice.RowStart + p.Query + r / Group) + (p.KvHead * Group + r % Group) * spec.HeadDim;

    private readonly void Begin(in Parts p)
    {
        new Span<float>(p.O, p.Padded * PaddedDim).Clear();
        // The rows that only pad a tile: their results are not used, but slow numbers in them would cost time.
        int unused = (p.Padded - p.Rows) * Tile.Stride;
        for (int chunk = 0; chunk < DimChunks; chunk++)
            new Span<float>(p.Q + ((nint)chunk * p.Padded + p.Rows) * Tile.Stride, unused).Clear();
        if (ReadsKeysInPlace) new Span<float>(p.S + p.Rows * Tile.Stride, unused).Clear();
        for (int r = 0; r < p.Rows; r++)
        {
            p.Largest[r] = float.NegativeInfinity;
            p.Sum[r] = 0;
            float* query = Place(q, p, r);
            if (r + RowsAhead < p.Rows) Packing.Prefetch(Place(q, p, r + RowsAhead), spec.HeadDim);
            for (int d = 0; d < spec.HeadDim; d += Tile.Stride)
                ScaleMap<V>.Run(
                    query + d, spec.Scale * Elementary.Log2E,
                    p.Q + ((nint)(d / Tile.Stride) * p.Padded + r) * Tile.Stride, Math.Min(Tile.Stride, spec.HeadDim - d));
        }
    }

    // Depends on all rows of the sequence, not on the rows of an item, because the last bits of a score depend on it.
    private readonly bool ReadsKeysInPlace => slice.RowCount * Group < FewRows && spec.HeadDim <= Tile.Stride;

    // Copies a block of keys and values into panels, which the tile reads sequentially, for all rows of the item.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Pack(ref Parts p, int key, int count)
    {
        int dim = spec.HeadDim;
        float* firstKey = keys.RowPointer(key) + p.KvHead * dim;
        float* firstValue = values.RowPointer(key) + p.KvHead * dim;
        for (int j = 0; j < count && !ReadsKeysInPlace; j += Panel)
        {
            int width = Math.Min(Panel, count - j);
            for (int i = j + Panel; i < Math.Min(count, j + 2 * Panel); i++) Packing.Prefetch(firstKey + (nint)i * keys.Columns, dim);
            if (width < Panel) new Span<float>(p.KeysT + j * dim, Panel * dim).Clear();
            Packing.Transpose(firstKey + (nint)j * keys.Columns, keys.Columns, width, dim, p.KeysT + j * dim, Panel);
        }

        bool inPlace = p.Rows < FewRows && dim == PaddedDim;
        p.FirstValue = inPlace ? firstValue : p.Values;
        p.ValueStride = inPlace ? values.Columns : Panel;
        p.ValuePanel = inPlace ? Panel : MostKeys * Panel;
        if (inPlace) return;
        for (int j = 0; j < count; j++, firstValue += values.Columns)
        {
            if (j + RowsAhead < count) Packing.Prefetch(firstValue + (nint)RowsAhead * values.Columns, dim);
            for (int d = 0; d < PaddedDim; d += V.Count)
            {
                V x = d + V.Count <= dim ? V.Load(firstValue + d) : d < dim ? RowMath.LoadPart<V>(firstValue + d, dim - d) : V.Zero;
                V.Store(p.Values + d / Panel * p.ValuePanel + j * Panel + d % Panel, x);
            }
        }
    }

    // S = Q K^T for a block of rows and a block of keys.
    private readonly void Score(in Parts p, int row, int key, int count)
    {
        int dim = spec.HeadDim, rows = Math.Min(ScoreRows, p.Padded - row);
        if (ReadsKeysInPlace)
        {
            var block = new WeightRows(keys.RowPointer(key) + p.KvHead * dim, keys.Columns);
            new Gemv<V, F32Format>(p.Q, Tile.Stride, p.Rows, dim).Multiply(block, count, default, p.S, Tile.Stride);
            return;
        }
        for (int d = 0; d < dim; d += Tile.Stride)
            for (int j = 0; j < count; j += Panel)
                for (int r = 0; r < rows; r += Tile.Rows<V>())
                    Tile.Multiply<V, FloatProduct>(
                        p.Q + ((nint)(d / Tile.Stride) * p.Padded + row + r) * Tile.Stride, p.KeysT + j * dim + d * Panel,
                        p.S + r * Tile.Stride + j, Tile.Stride, Math.Min(Tile.Stride, dim - d), d > 0);
    }

    // Turns scores into probabilities relative to the largest score so far, and brings O and l to the same scale.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Weigh(in Parts p, int row, int key, int count)
    {
        float* s = p.S;
        for (int r = row; r < Math.Min(row + ScoreRows, p.Rows); r++, s += Tile.Stride)
        {
            int position = slice.Past + p.Query + r / Group;
            int from = Math.Max(0, slice.VisibleStart(position, spec.Window) - key);
            int to = Math.Min(count, slice.VisibleEnd(position) - key);
            if (from >= to)
            {
                new Span<float>(s, count).Clear();
                continue;
            }
            if (spec.SoftCap > 0) SoftCapMap<V>.Run(s + from, spec.SoftCap * Elementary.Log2E, s + from, to - from);
            float before = p.Largest[r], largest = Math.Max(before, RowMath.Max<V>(s + from, to - from));
            if (largest > before && before > float.NegativeInfinity) Fade(p, r, MathF.Exp((before - largest) * Elementary.Ln2));
            p.Largest[r] = largest;
            p.Sum[r] += RowMath.MapAndSum<V, PowerMap<V>>(new() { Largest = V.Broadcast(largest) }, s + from, s + from, to - from);
            if (from > 0) new Span<float>(s, from).Clear();
            if (to < count) new Span<float>(s + to, count - to).Clear();
        }
    }

    private readonly void Fade(in Parts p, int r, float factor)
    {
        float* o = p.O + (nint)r * PaddedDim;
        ScaleMap<V>.Run(o, factor, o, PaddedDim);
        p.Sum[r] *= factor;
    }

    // O += P V for a block of rows and a block of values.
    private readonly void AddValues(in Parts p, int row, int count)
    {
        int rows = Math.Min(ScoreRows, p.Padded - row);
        float* panel = p.FirstValue;
        for (int d = 0; d < PaddedDim; d += Panel, panel += p.ValuePanel)
            for (int r = 0; r < rows; r += Tile.Rows<V>())
            {
                float* s = p.S + r * Tile.Stride, o = p.O + (nint)(row + r) * PaddedDim + d;
                if (p.ValueStride == Panel) Tile.Multiply<V, FloatProduct>(s, panel, o, PaddedDim, count, true);
                else Tile.MultiplyInPlace<V>(s, panel, p.ValueStride, o, PaddedDim, count, true);
            }
    }

    private readonly void Finish(in Parts p)
    {
        for (int r = 0; r < p.Rows; r++)
        {
            float* o = p.O + (nint)r * PaddedDim;
            float* target = Place(y, p, r);
            float factor = 1 / p.Sum[r];
            if (pieces > 1)
            {
                int row = (p.Query + r / Group) * spec.Heads + p.KvHead * Group + r % Group;
                target = merge.Part(row, p.Piece, p.Largest[r], p.Sum[r]);
                factor = 1;
            }
            ScaleMap<V>.Run(o, factor, target, spec.HeadDim);
        }
    }
}
