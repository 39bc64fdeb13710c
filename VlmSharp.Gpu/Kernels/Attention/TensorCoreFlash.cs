using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>
/// Attention of sequences with many rows on tensor cores (Dao 2023). A group has 64 queries of one head, a warp 16 of them, and visits the
/// keys, 64 at a time. Queries, keys, weights and values are multiplied as bf16 and summed in fp32; the softmax is in fp32. Grid: tiles of
/// queries, heads, sequences.
/// <code>
/// shared memory, chunks of 16 bytes:  Q [64, D], at the end Y;  K [64, D], then V;
///                                     S [64, 64] in fp32, overwritten by P;  flags of keys whose values are not finite
/// </code>
/// </summary>
internal static class TensorCoreFlash
{
    public const int Queries = 64, Threads = 128, MostHeadDim = 256;

    /// <summary>Chunks from one row of scores to the next: 64 numbers and a gap, so that 8 rows lie in different banks.</summary>
    public const int ScorePitch = 17;

    private const int Keys = 64;

    /// <summary>Bytes of shared memory.</summary>
    public static int SharedBytes<THead>() where THead : struct, IHeadSize => (Flags<THead>() + Threads / 4) * 16;

    private static int Scores<THead>() where THead : struct, IHeadSize => 2 * Queries * THead.Pitch;

    private static int Flags<THead>() where THead : struct, IHeadSize => Scores<THead>() + Queries * ScorePitch;

    public static void Kernel<TKv, THead>(AttentionArgs g) where TKv : struct, IKvFormat where THead : struct, IHeadSize
    {
        StepSequence sequence = StepSequence.Read(g.Sequences, Grid.IdxZ);
        int row0 = Grid.IdxX * Queries, rows = IntrinsicMath.Min(Queries, sequence.RowCount - row0);
        if (rows <= 0 || sequence.RowCount == 1) return; // the whole group
        ArrayView<U4> shared = SharedMemory.GetDynamic<U4>();
        FlashFragments<THead>.Begin();
        FlashOutputs<THead>.Clear();
        int tile = Queries * THead.Pitch, kvColumn = Grid.IdxY / (g.Heads / g.KvHeads) * g.HeadDim, rowNumbers = g.KvRowNumbers;
        long keys = sequence.KeysAt<TKv>(g.Layer, rowNumbers) + kvColumn, values = sequence.ValuesAt<TKv>(g.Layer, rowNumbers) + kvColumn;
        StageQueries<THead>(g, shared, sequence.RowStart + row0, rows);

        // A lane has half a row of scores; the lane 16 further has the other half.
        int lane = Group.IdxX & 31, half = lane >> 4, row = (Group.IdxX >> 5) * 16 + (lane & 15);
        int first = sequence.Past + row0, position = first + row;
        int scores = Scores<THead>(), mine = scores + row * ScorePitch + half * 8;
        int start = sequence.VisibleStart(first, g.Window), end = sequence.VisibleEnd(first + rows - 1);
        int wholeStart = sequence.VisibleStart(first + rows - 1, g.Window), wholeEnd = sequence.VisibleEnd(first); // what all rows see
        int from = sequence.VisibleStart(position, g.Window), to = sequence.VisibleEnd(position);
        float max = float.NegativeInfinity, sum = 0;
        for (int key0 = start; key0 < end; key0 += Keys)
        {
            int count = IntrinsicMath.Min(Keys, end - key0), shift = key0 + half * 32;
            bool isCut = key0 < wholeStart || key0 + Keys > wholeEnd;
            Stage<TKv, THead>(g, shared, tile, keys + (long)key0 * rowNumbers, count);
            Group.Barrier();
            FlashFragments<THead>.Scores(0, tile, scores);
            Group.Barrier();

            Stage<TKv, THead>(g, shared, tile, values + (long)key0 * rowNumbers, count);
            float before = max;
            max = Prepare(g, shared.Cast<F4>(), mine, from - shift, to - shift, isCut, max);
            float keep = Softmax.Keep(before, max);
            sum = sum * keep + Weigh<THead>(shared.Cast<F4>(), mine, max);
            FlashOutputs<THead>.Scale(Warp.Shuffle(keep, lane >> 2), Warp.Shuffle(keep, (lane >> 2) + 8));
            Group.Barrier();

            if (isCut)
            {
                RemoveNotFinite<THead>(shared, tile);
                Group.Barrier();
                if (SeesFlagged(shared, Flags<THead>() + half * 8, from - shift, to - shift)) sum = float.NaN;
            }

            for (int step = 0; step < 4; step++) // 16 keys each; the weights of keys 32 to 63 are 8 chunks further
                FlashOutputs<THead>.Accumulate(scores + (step & 1) * 2 + (step >> 1) * 8, tile + step * 16 * THead.Pitch);
            Group.Barrier();
        }

        float factor = 1 / (sum + Warp.ShuffleXor(sum, 16));
        FlashOutputs<THead>.Scale(Warp.Shuffle(factor, lane >> 2), Warp.Shuffle(factor, (lane >> 2) + 8));
        FlashOutputs<THead>.Store(0);
        Group.Barrier();
        Write<THead>(g, shared, sequence.RowStart + row0, rows);
    }

    /// <summary>The queries, multiplied by the scale, as bf16; zeros past the head and past the last row.</summary>
    private static void StageQueries<THead>(AttentionArgs g, ArrayView<U4> shared, int row, int rows) where THead : struct, IHeadSize
    {
        int chunks = THead.Blocks * 2;
        for (int i = Group.IdxX; i < Queries * chunks; i += Threads)
        {
            int r = i / chunks, d = (i - r * chunks) * 8;
            U4 q = default;
            if (r < rows && d < g.HeadDim)
            {
                F8 x = Eights.Load(g.Q, ((long)(row + r) * g.Heads + Grid.IdxY) * g.HeadDim + d, g.HeadDim - d, g.IsAligned);
                q = Bits.Pack(Eights.Add(default, x, g.Scale));
            }

            shared[r * THead.Pitch + d / 8] = q;
        }
    }

    /// <summary>64 rows of keys or values as bf16, eight threads per row; zeros past the head and past the sequence.</summary>
    private static void Stage<TKv, THead>(AttentionArgs g, ArrayView<U4> shared, int tile, long rows, int count)
        where TKv : struct, IKvFormat where THead : struct, IHeadSize
    {
        for (int r = Group.IdxX >> 3; r < Keys; r += Threads / 8)
        {
            long row = rows + (long)r * g.KvRowNumbers;
            int end = r < count ? g.HeadDim : 0, to = tile + r * THead.Pitch;
            for (int c = Group.IdxX & 7; c < THead.Blocks * 2; c += 8)
            {
                U4 x = default;
                if (c * 8 < end) x = g.IsAligned ? TKv.GetBFloat16(g.Memory, row + c * 8) : Gather<TKv>(g, row + c * 8, end - c * 8);
                shared[to + c] = x;
            }
        }
    }

    private static U4 Gather<TKv>(AttentionArgs g, long at, int count) where TKv : struct, IKvFormat =>
        Bits.Pack(Eights.Load<TKv>(g.Memory, at, count, isAligned: false));

    /// <summary>The scores of half a row: capped, and -inf where the row does not see the key.</summary>
    /// <returns>The row's largest score so far.</returns>
    private static float Prepare(AttentionArgs g, ArrayView<F4> shared, int at, int from, int to, bool isCut, float max)
    {
        for (int c = 0; c < 8; c++)
        {
            F4 s = shared[at + c];
            if (g.SoftCap > 0) s = new F4 { X = g.Capped(s.X), Y = g.Capped(s.Y), Z = g.Capped(s.Z), W = g.Capped(s.W) };
            if (isCut)
            {
                int j = c * 4;
                s.X = Seen(s.X, j, from, to);
                s.Y = Seen(s.Y, j + 1, from, to);
                s.Z = Seen(s.Z, j + 2, from, to);
                s.W = Seen(s.W, j + 3, from, to);
            }

            if (isCut || g.SoftCap > 0) shared[at + c] = s;
            max = IntrinsicMath.Max(max, IntrinsicMath.Max(IntrinsicMath.Max(s.X, s.Y), IntrinsicMath.Max(s.Z, s.W)));
        }

        return IntrinsicMath.Max(max, Warp.ShuffleXor(max, 16));
    }

    private static float Seen(float score, int key, int from, int to) => key >= from && key < to ? score : float.NegativeInfinity;

    /// <summary>The weights of half a row, as bf16 in place of its scores: they take half the space.</summary>
    /// <returns>Their sum.</returns>
    private static float Weigh<THead>(ArrayView<F4> shared, int at, float max) where THead : struct, IHeadSize
    {
        float sum = 0, shift = Softmax.Shift(max);
        for (int c = 0; c < 4; c++)
        {
            F8 s = Eights.Load(shared, at + c * 2);
            var p = new F8
            {
                A = Softmax.Weight(s.A, shift),
                B = Softmax.Weight(s.B, shift),
                C = Softmax.Weight(s.C, shift),
                D = Softmax.Weight(s.D, shift),
                E = Softmax.Weight(s.E, shift),
                F = Softmax.Weight(s.F, shift),
                G = Softmax.Weight(s.G, shift),
                H = Softmax.Weight(s.H, shift),
            };
            sum += p.A + p.B + (p.C + p.D) + (p.E + p.F + (p.G + p.H));
            FlashFragments<THead>.StoreWeights(at + c, p);
        }

        return sum;
    }

    /// <summary>
    /// The product also multiplies the values of hidden keys, by 0, and 0 times NaN is NaN. So where the mask cuts, numbers that are not
    /// finite become 0, and a flag marks the keys that had one. A thread has half of a key's chunks.
    /// </summary>
    private static void RemoveNotFinite<THead>(ArrayView<U4> shared, int tile) where THead : struct, IHeadSize
    {
        int row = tile + (Group.IdxX & (Keys - 1)) * THead.Pitch + (Group.IdxX >> 6) * THead.Blocks;
        uint flag = 0;
        for (int c = 0; c < THead.Blocks; c++)
        {
            U4 x = shared[row + c], y = new() { X = Finite(x.X), Y = Finite(x.Y), Z = Finite(x.Z), W = Finite(x.W) };
            uint difference = (x.X ^ y.X) | (x.Y ^ y.Y) | (x.Z ^ y.Z) | (x.W ^ y.W);
            if (difference != 0) shared[row + c] = y;
            flag |= difference;
        }

        shared.Cast<uint>()[Flags<THead>() * 4 + Group.IdxX] = flag;
    }

    private static uint Finite(uint word)
    {
        if ((word & 0x7f80u) == 0x7f80u) word &= 0xffff0000u;
        return (word & 0x7f800000u) == 0x7f800000u ? word & 0xffffu : word;
    }

    /// <summary>
    /// Whether the row sees a flagged key among the 32 whose flags begin at a chunk. The flags of the keys' second halves are 16 chunks
    /// further.
    /// </summary>
    private static bool SeesFlagged(ArrayView<U4> shared, int at, int from, int to)
    {
        bool sees = false;
        for (int c = 0; c < 8; c++)
        {
            U4 x = shared[at + c], y = shared[at + 16 + c];
            int j = c * 4;
            sees |= IsFlagged(x.X | y.X, j, from, to) || IsFlagged(x.Y | y.Y, j + 1, from, to);
            sees |= IsFlagged(x.Z | y.Z, j + 2, from, to) || IsFlagged(x.W | y.W, j + 3, from, to);
        }

        return sees;
    }

    private static bool IsFlagged(uint flag, int key, int from, int to) => flag != 0 && key >= from && key < to;

    /// <summary>Copies the outputs from shared memory to their rows, with zeros after the last head up to a whole chunk.</summary>
    private static void Write<THead>(AttentionArgs g, ArrayView<U4> shared, int row, int rows) where THead : struct, IHeadSize
    {
        int chunks = g.HeadChunks, column = Grid.IdxY * g.HeadDim;
        for (int i = Group.IdxX; i < rows * chunks; i += Threads)
        {
            int r = i / chunks, c = i - r * chunks;
            if (g.IsAligned) g.Y.SetChunk(row + r, column / 8 + c, shared[r * THead.Pitch + c]);
            else
                for (int d = c * 8; d < IntrinsicMath.Min(g.HeadDim, c * 8 + 8); d++)
                    g.Y.Set(row + r, column + d, Bits.Low(shared.Cast<ushort>()[r * THead.Pitch * 8 + d]));
        }

        int end = g.Heads * g.HeadDim, padding = g.Y.PaddedColumns - end;
        if (Grid.IdxY != g.Heads - 1) return;
        for (int i = Group.IdxX; i < rows * padding; i += Threads) g.Y.Set(row + i / padding, end + i % padding, 0);
    }
}
