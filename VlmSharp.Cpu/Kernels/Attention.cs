using System.Runtime.CompilerServices;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;

namespace VlmSharp.Cpu;

/// <summary>
/// Attention (Vaswani et al. 2017, eq. 1) in one pass over the keys, with the softmax kept up to date as they come (Milakov and
/// Gimelshein 2018; Dao et al. 2022), so that scores exist for one block of keys at a time:
/// <code>
/// for each block of keys:   S = scale Q K^T, soft-capped
///                           m' = max(m, max S),  P = exp(S - m')
///                           l  = l exp(m - m') + sum P
///                           O  = O exp(m - m') + P V
/// at the end:               y  = O / l
/// </code>
/// An item is one key-value head, a block of queries and a piece of the keys. Its rows are the queries of all heads that share
/// the key-value head, so multi-query attention reads each key once for eight heads. The keys are cut into several pieces only
/// when there are too few items otherwise (decoding over a long cache); <see cref="AttentionMerge"/> then joins the pieces.
/// </summary>
internal unsafe struct Attention<V> : IJob where V : struct, ISimd<V>
{
    private const int MostRows = 96, KeyBlock = 64, ShortestPiece = 4 * KeyBlock;

    // With fewer rows than this, transposing a block of keys costs more than it saves.
    private const int FewRows = 24;

    private HostMatrix q, keys, values, y;
    private SequenceSlice slice;
    private AttentionSpec spec;
    private int queryBlock, queryBlocks, pieces;
    private long scratchStride;
    private float* scratch;
    private AttentionMerge merge;

    private readonly int Group => spec.Heads / spec.KvHeads;

    private readonly int PaddedDim => RoundUp(spec.HeadDim, 2 * V.Count);

    public static void Run(CpuContext context, HostMatrix q, HostMatrix keys, HostMatrix values, in SequenceSlice slice, in AttentionSpec spec, HostMatrix y)
    {
        var job = new Attention<V> { q = q, keys = keys, values = values, slice = slice, spec = spec, y = y };
        int most = Math.Max(1, MostRows / job.Group);
        job.queryBlocks = (slice.RowCount + most - 1) / most;
        job.queryBlock = (slice.RowCount + job.queryBlocks - 1) / job.queryBlocks;
        job.queryBlocks = (slice.RowCount + job.queryBlock - 1) / job.queryBlock;
        int blocks = spec.KvHeads * job.queryBlocks;
        int wanted = (2 * context.Team.Count + blocks - 1) / blocks;
        job.pieces = context.Team.Count == 1 ? 1 : Math.Clamp(wanted, 1, Math.Max(1, keys.Rows / ShortestPiece));
        job.scratch = context.PerThread(job.ScratchFloats(), out job.scratchStride);
        if (job.pieces > 1)
            job.merge = AttentionMerge.Create(context, slice.RowCount * spec.Heads, job.pieces, spec.HeadDim);
        context.Team.Run(job, blocks * job.pieces);
        if (job.pieces > 1) job.merge.Join(context, y.RowPointer(slice.RowStart));
    }

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    private readonly int PaddedRows => RoundUp(queryBlock * Group, V.TileRows);

    private readonly int DimChunks => (spec.HeadDim + Tile.Stride - 1) / Tile.Stride;

    private readonly long ScratchFloats() =>
        (long)PaddedRows * (Tile.Stride * (DimChunks + 1) + PaddedDim + 2) + (long)KeyBlock * (spec.HeadDim + PaddedDim);

    // The parts of a thread's scratch.
    private ref struct Parts
    {
        public float* Q;       // [chunks of the head size][rows, Tile.Stride], scaled
        public float* S;       // [rows, Tile.Stride]: scores, then probabilities
        public float* O;       // [rows, PaddedDim]
        public float* Largest; // m [rows]
        public float* Sum;     // l [rows]
        public float* KeysT;   // [HeadDim, KeyBlock]
        public float* Values;  // [KeyBlock, PaddedDim], when the values cannot be read in place
        public int Rows, Padded, KvHead, Query, Queries;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Execute(int item, int worker)
    {
        int piece = item % pieces, block = item / pieces % queryBlocks;
        Parts p = default;
        p.KvHead = item / pieces / queryBlocks;
        p.Query = block * queryBlock;
        p.Queries = Math.Min(queryBlock, slice.RowCount - p.Query);
        p.Rows = p.Queries * Group;
        p.Padded = RoundUp(p.Rows, V.TileRows);
        p.Q = scratch + worker * scratchStride;
        p.S = p.Q + (nint)p.Padded * Tile.Stride * DimChunks;
        p.O = p.S + (nint)p.Padded * Tile.Stride;
        p.Largest = p.O + (nint)p.Padded * PaddedDim;
        p.Sum = p.Largest + p.Padded;
        p.KeysT = p.Sum + p.Padded;
        p.Values = p.KeysT + (nint)KeyBlock * spec.HeadDim;
        Begin(p);

        int start = slice.VisibleStart(slice.Past + p.Query, spec.Window);
        int end = Math.Min(keys.Rows, slice.VisibleEnd(slice.Past + p.Query + p.Queries - 1));
        int pieceKeys = RoundUp((end - start + pieces - 1) / pieces, KeyBlock);
        start += piece * pieceKeys;
        end = Math.Min(end, start + pieceKeys);
        for (int key = start; key < end; key += KeyBlock)
        {
            int count = Math.Min(KeyBlock, end - key);
            Score(p, key, count);
            Weigh(p, key, count);
            AddValues(p, key, count);
        }
        Finish(p, piece);
    }

    // The row of the step and the first feature that row r of a block stands for.
    private readonly float* Place(HostMatrix matrix, in Parts p, int r) =>
        matrix.RowPointer(slice.RowStart + p.Query + r / Group) + (p.KvHead * Group + r % Group) * spec.HeadDim;

    private readonly void Begin(in Parts p)
    {
        new Span<float>(p.O, p.Padded * PaddedDim).Clear();
        // The rows that only fill up a tile: their results are not used, but must not be slow to compute.
        int unused = (p.Padded - p.Rows) * Tile.Stride;
        for (int chunk = 0; chunk < DimChunks; chunk++) new Span<float>(p.Q + ((nint)chunk * p.Padded + p.Rows) * Tile.Stride, unused).Clear();
        new Span<float>(p.S + (nint)p.Rows * Tile.Stride, unused).Clear();
        for (int r = 0; r < p.Rows; r++)
        {
            p.Largest[r] = float.NegativeInfinity;
            p.Sum[r] = 0;
            float* query = Place(q, p, r);
            for (int d = 0; d < spec.HeadDim; d += Tile.Stride)
                ScaleMap<V>.Run(query + d, spec.Scale, p.Q + ((nint)(d / Tile.Stride) * p.Padded + r) * Tile.Stride, Math.Min(Tile.Stride, spec.HeadDim - d));
        }
    }

    // S = Q K^T for a block of keys.
    private readonly void Score(in Parts p, int key, int count)
    {
        int dim = spec.HeadDim;
        float* first = keys.RowPointer(key) + p.KvHead * dim;
        if (p.Rows < FewRows && dim <= Tile.Stride)
        {
            Gemv.Multiply<V, F32Format>(p.Q, Tile.Stride, p.Rows, new WeightRows((byte*)first, (nint)keys.Columns * sizeof(float), null), count, dim, p.S, Tile.Stride);
            return;
        }
        if (count < KeyBlock) new Span<float>(p.KeysT, KeyBlock * dim).Clear();
        Packing.Transpose(first, keys.Columns, count, dim, p.KeysT, KeyBlock);
        for (int d = 0; d < dim; d += Tile.Stride)
            for (int j = 0; j < count; j += 2 * V.Count)
                for (int r = 0; r < p.Padded; r += V.TileRows)
                    Tile.Multiply<V>(p.Q + ((nint)(d / Tile.Stride) * p.Padded + r) * Tile.Stride, p.KeysT + (nint)d * KeyBlock + j, KeyBlock,
                        p.S + (nint)r * Tile.Stride + j, Tile.Stride, Math.Min(Tile.Stride, dim - d), d > 0);
    }

    // Turns scores into probabilities relative to the largest score so far, and brings O and l to the same scale.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Weigh(in Parts p, int key, int count)
    {
        for (int r = 0; r < p.Rows; r++)
        {
            float* s = p.S + (nint)r * Tile.Stride;
            int position = slice.Past + p.Query + r / Group;
            int from = Math.Max(0, slice.VisibleStart(position, spec.Window) - key);
            int to = Math.Min(count, slice.VisibleEnd(position) - key);
            if (from >= to)
            {
                new Span<float>(s, count).Clear();
                continue;
            }
            if (spec.SoftCap > 0) SoftCap<V>.Apply(s + from, spec.SoftCap, s + from, to - from);
            float largest = Math.Max(p.Largest[r], RowMath.Max<V>(s + from, to - from));
            float fade = MathF.Exp(p.Largest[r] - largest);
            p.Largest[r] = largest;
            p.Sum[r] = p.Sum[r] * fade + RowMath.ExpAndSum<V>(s + from, largest, s + from, to - from);
            new Span<float>(s, from).Clear();
            new Span<float>(s + to, count - to).Clear();
            float* o = p.O + (nint)r * PaddedDim;
            if (fade != 1) ScaleMap<V>.Run(o, fade, o, PaddedDim);
        }
    }

    // O += P V. Values are read in place where the head size is a whole number of tiles.
    private readonly void AddValues(in Parts p, int key, int count)
    {
        float* first = values.RowPointer(key) + p.KvHead * spec.HeadDim;
        nint stride = values.Columns;
        if (PaddedDim != spec.HeadDim)
        {
            for (int j = 0; j < count; j++)
            {
                var padded = new Span<float>(p.Values + (nint)j * PaddedDim, PaddedDim);
                new ReadOnlySpan<float>(first + j * stride, spec.HeadDim).CopyTo(padded);
                padded[spec.HeadDim..].Clear();
            }
            first = p.Values;
            stride = PaddedDim;
        }
        for (int d = 0; d < PaddedDim; d += 2 * V.Count)
            for (int r = 0; r < p.Padded; r += V.TileRows)
                Tile.Multiply<V>(p.S + (nint)r * Tile.Stride, first + d, stride, p.O + (nint)r * PaddedDim + d, PaddedDim, count, true);
    }

    private readonly void Finish(in Parts p, int piece)
    {
        for (int r = 0; r < p.Rows; r++)
        {
            float* o = p.O + (nint)r * PaddedDim;
            float* target = Place(y, p, r);
            float factor = 1 / p.Sum[r];
            if (pieces > 1)
            {
                int row = (p.Query + r / Group) * spec.Heads + p.KvHead * Group + r % Group;
                target = merge.Part(row, piece, p.Largest[r], p.Sum[r]);
                factor = 1;
            }
            ScaleMap<V>.Run(o, factor, target, spec.HeadDim);
        }
    }
}
