using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>
/// Attention of sequences with one row. The time is spent reading keys and values, so each is read only once, by many groups in parallel
/// (flash decoding, Dao et al. 2023). <see cref="Piece{TKv}"/>: a group has 64 keys and up to 8 query heads that share them. <see
/// cref="Combine"/> joins the pieces:
/// <code>
/// m_i = max s,  l_i = sum exp(s - m_i),  o_i = sum exp(s - m_i) v     over the keys of piece i
/// m = max_i m_i,  y = sum_i exp(m_i - m) o_i / sum_i exp(m_i - m) l_i
/// </code>
/// </summary>
internal static class DecodeAttention
{
    public const int Keys = 64, Heads = 8, Threads = 128, MostHeadDim = 512;
    private const int RowChunks = MostHeadDim / 4, MostParts = 8;

    /// <summary>Grid: pieces, key-value heads times blocks of their query heads, rows.</summary>
    public static void Piece<TKv>(DecodeArgs g) where TKv : struct, IKvFormat
    {
        AttentionArgs a = g.Attention;
        DecodeRow row = DecodeRow.Find(g, Grid.IdxZ);
        int key0 = Grid.IdxX * Keys, from = IntrinsicMath.Max(row.Start, key0), to = IntrinsicMath.Min(row.End, key0 + Keys);
        if (from >= to) return; // the whole group
        ArrayView<F4> q = SharedMemory.Allocate<F4>(Heads * RowChunks); // [heads, D], in the end the sums
        ArrayView<F4> weights = SharedMemory.Allocate<F4>(Keys * Heads / 4); // [keys, heads]
        ArrayView<float> largest = SharedMemory.Allocate<float>(Heads), totals = SharedMemory.Allocate<float>(Heads);
        DecodeHeads heads = DecodeHeads.Of(a);
        int thread = Group.IdxX;
        StageQueries(a, q.Cast<float>(), row.Row, heads);
        Group.Barrier();

        long keys = row.Sequence.KeysAt<TKv>(a.Layer, a.KvRowNumbers) + (long)key0 * a.KvRowNumbers + heads.KvHead * a.HeadDim;
        int j = thread & (Keys - 1), half = thread >> 6; // a thread has one key and half of the heads
        bool seen = key0 + j >= from && key0 + j < to;
        F4 s = new() { X = float.NegativeInfinity, Y = float.NegativeInfinity, Z = float.NegativeInfinity, W = float.NegativeInfinity };
        if (seen) s = Score<TKv>(a, q, half * 4, keys + (long)j * a.KvRowNumbers);
        weights[j * 2 + half] = s;
        Group.Barrier();
        if (thread < Heads) largest[thread] = Largest(weights.Cast<float>(), thread);
        Group.Barrier();
        weights[j * 2 + half] = new F4
        {
            X = Softmax.Weight(s.X, Softmax.Shift(largest[half * 4])),
            Y = Softmax.Weight(s.Y, Softmax.Shift(largest[half * 4 + 1])),
            Z = Softmax.Weight(s.Z, Softmax.Shift(largest[half * 4 + 2])),
            W = Softmax.Weight(s.W, Softmax.Shift(largest[half * 4 + 3])),
        };
        Group.Barrier();
        long values = row.Sequence.ValuesAt<TKv>(a.Layer, a.KvRowNumbers) + heads.KvHead * a.HeadDim;
        SumValues<TKv>(a, weights, q, totals, values, key0, from, to);

        ArrayView<float> sums = q.Cast<float>();
        for (int i = thread; i < heads.Count * a.HeadDim; i += Threads)
        {
            int h = i / a.HeadDim, d = i - h * a.HeadDim;
            g.Sums[g.At(heads.First + h) * a.HeadDim + d] = sums[h * MostHeadDim + d];
        }

        if (thread < heads.Count)
        {
            g.Scales[g.At(heads.First + thread) * 2] = largest[thread];
            g.Scales[g.At(heads.First + thread) * 2 + 1] = totals[thread];
        }
    }

    /// <summary>The queries, multiplied by the scale; zeros for missing heads and past the last feature.</summary>
    private static void StageQueries(AttentionArgs g, ArrayView<float> q, int row, DecodeHeads heads)
    {
        int padded = g.HeadChunks * 8;
        long at = ((long)row * g.Heads + heads.First) * g.HeadDim;
        for (int i = Group.IdxX; i < Heads * padded; i += Threads)
        {
            int h = i / padded, d = i - h * padded;
            q[h * MostHeadDim + d] = h < heads.Count && d < g.HeadDim ? g.Q[at + h * g.HeadDim + d] * g.Scale : 0;
        }
    }

    /// <summary>The scores of one key and 4 heads.</summary>
    private static F4 Score<TKv>(AttentionArgs g, ArrayView<F4> q, int head, long key) where TKv : struct, IKvFormat
    {
        F4 s = default;
        for (int c = 0; c < g.HeadChunks; c++)
        {
            F8 k = Eights.Load<TKv>(g.Memory, key + c * 8, g.HeadDim - c * 8, g.IsAligned);
            int at = head * RowChunks + c * 2;
            s.X += Eights.Dot(k, Eights.Load(q, at));
            s.Y += Eights.Dot(k, Eights.Load(q, at + RowChunks));
            s.Z += Eights.Dot(k, Eights.Load(q, at + 2 * RowChunks));
            s.W += Eights.Dot(k, Eights.Load(q, at + 3 * RowChunks));
        }

        return new F4 { X = g.Capped(s.X), Y = g.Capped(s.Y), Z = g.Capped(s.Z), W = g.Capped(s.W) };
    }

    private static float Largest(ArrayView<float> scores, int head)
    {
        float max = float.NegativeInfinity;
        for (int j = 0; j < Keys; j++) max = IntrinsicMath.Max(max, scores[j * Heads + head]);
        return max;
    }

    /// <summary>
    /// sums[h, d] = sum_j p_j v_j and totals[h] = sum_j p_j. A thread has 8 features of all heads and every n-th visible key. Then the
    /// threads with the same features add their sums, one after another.
    /// </summary>
    private static void SumValues<TKv>(
        AttentionArgs g, ArrayView<F4> weights, ArrayView<F4> sums, ArrayView<float> totals, long values, int key0, int from, int to)
        where TKv : struct, IKvFormat
    {
        int parts = IntrinsicMath.Min(MostParts, Threads / g.HeadChunks);
        int part = Group.IdxX / g.HeadChunks, chunk = Group.IdxX - part * g.HeadChunks;
        F8 o0 = default, o1 = default, o2 = default, o3 = default, o4 = default, o5 = default, o6 = default, o7 = default, total = default;
        if (part < parts)
        {
            for (int j = from + part; j < to; j += parts)
            {
                F8 v = Eights.Load<TKv>(g.Memory, values + (long)j * g.KvRowNumbers + chunk * 8, g.HeadDim - chunk * 8, g.IsAligned);
                F8 p = Eights.Load(weights, (j - key0) * 2);
                total = Eights.Add(total, p, 1);
                o0 = Eights.Add(o0, v, p.A);
                o1 = Eights.Add(o1, v, p.B);
                o2 = Eights.Add(o2, v, p.C);
                o3 = Eights.Add(o3, v, p.D);
                o4 = Eights.Add(o4, v, p.E);
                o5 = Eights.Add(o5, v, p.F);
                o6 = Eights.Add(o6, v, p.G);
                o7 = Eights.Add(o7, v, p.H);
            }
        }

        for (int turn = 0; turn < parts; turn++)
        {
            if (part == turn)
            {
                int at = chunk * 2;
                Meet(sums, at, turn, o0);
                Meet(sums, at + RowChunks, turn, o1);
                Meet(sums, at + 2 * RowChunks, turn, o2);
                Meet(sums, at + 3 * RowChunks, turn, o3);
                Meet(sums, at + 4 * RowChunks, turn, o4);
                Meet(sums, at + 5 * RowChunks, turn, o5);
                Meet(sums, at + 6 * RowChunks, turn, o6);
                Meet(sums, at + 7 * RowChunks, turn, o7);
                if (chunk == 0) Meet(totals.Cast<F4>(), 0, turn, total);
            }

            Group.Barrier();
        }
    }

    private static void Meet(ArrayView<F4> sums, int at, int turn, F8 mine)
    {
        F8 all = turn == 0 ? mine : Eights.Add(mine, Eights.Load(sums, at), 1);
        sums[at] = new F4 { X = all.A, Y = all.B, Z = all.C, W = all.D };
        sums[at + 1] = new F4 { X = all.E, Y = all.F, Z = all.G, W = all.H };
    }

    /// <summary>Grid: heads, rows; a thread has every 128th feature.</summary>
    public static void Combine(DecodeArgs g)
    {
        AttentionArgs a = g.Attention;
        DecodeRow row = DecodeRow.Find(g, Grid.IdxY);
        if (row.Start >= row.End) return;
        int first = row.Start / Keys, last = (row.End - 1) / Keys;
        long at = ((long)Grid.IdxY * a.Heads + Grid.IdxX) * g.Pieces;
        float max = float.NegativeInfinity, total = 0;
        for (int i = first; i <= last; i++) max = IntrinsicMath.Max(max, g.Scales[(at + i) * 2]);
        float shift = Softmax.Shift(max);
        for (int i = first; i <= last; i++) total += Softmax.Weight(g.Scales[(at + i) * 2], shift) * g.Scales[(at + i) * 2 + 1];
        for (int d = Group.IdxX; d < a.HeadDim; d += Threads)
        {
            float sum = 0;
            for (int i = first; i <= last; i++) sum += Softmax.Weight(g.Scales[(at + i) * 2], shift) * g.Sums[(at + i) * a.HeadDim + d];
            a.Y.Set(row.Row, Grid.IdxX * a.HeadDim + d, sum / total);
        }

        int padding = a.Heads * a.HeadDim + Group.IdxX; // after the last head, up to a whole chunk
        if (Grid.IdxX == a.Heads - 1 && padding < a.Y.PaddedColumns) a.Y.Set(row.Row, padding, 0);
    }
}
