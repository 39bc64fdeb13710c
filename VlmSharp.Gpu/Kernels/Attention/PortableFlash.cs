using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>
/// Attention of sequences with many rows (Dao 2023) on any device, all in fp32. A group has 16 queries of one head and visits the keys, 64
/// at a time. For the scores, a thread has one key and 8 queries; for the sums of values, it has two features of all 16 queries, in
/// registers. Grid: tiles of queries, heads, sequences.
/// </summary>
internal static class PortableFlash
{
    public const int Queries = 16, Threads = 128, MostHeadDim = 2 * Threads;
    private const int Keys = 64, RowChunks = MostHeadDim / 4;

    public static void Kernel<TKv>(AttentionArgs g) where TKv : struct, IKvFormat
    {
        StepSequence sequence = StepSequence.Read(g.Sequences, Grid.IdxZ);
        int row0 = Grid.IdxX * Queries, rows = IntrinsicMath.Min(Queries, sequence.RowCount - row0);
        if (rows <= 0 || sequence.RowCount == 1) return; // the whole group
        ArrayView<F4> q = SharedMemory.Allocate<F4>(Queries * RowChunks);
        ArrayView<F4> weights = SharedMemory.Allocate<F4>(Keys * Queries / 4); // [keys, queries]: the scores, then their weights
        ArrayView<F4> keeps = SharedMemory.Allocate<F4>(Queries / 4);
        ArrayView<float> sums = SharedMemory.Allocate<float>(Queries);
        int thread = Group.IdxX, kvColumn = Grid.IdxY / (g.Heads / g.KvHeads) * g.HeadDim, rowNumbers = g.KvRowNumbers;
        long keys = sequence.KeysAt<TKv>(g.Layer, rowNumbers) + kvColumn, values = sequence.ValuesAt<TKv>(g.Layer, rowNumbers) + kvColumn;
        StageQueries(g, q.Cast<float>(), sequence.RowStart + row0, rows);
        Group.Barrier();

        int position = sequence.Past + row0; // of the first query
        int start = sequence.VisibleStart(position, g.Window), end = sequence.VisibleEnd(position + rows - 1);
        float max = float.NegativeInfinity, sum = 0; // of query `thread`, in the first 16 threads
        F8 low0 = default, low1 = default, high0 = default, high1 = default; // low: queries 0 to 7, high: 8 to 15; one per feature
        for (int key0 = start; key0 < end; key0 += Keys)
        {
            int count = IntrinsicMath.Min(Keys, end - key0);
            Score<TKv>(g, q, weights, sequence, position, key0, count, keys + (long)key0 * rowNumbers);
            Group.Barrier();
            if (thread < Queries)
            {
                float before = max;
                max = WeighRow(weights.Cast<float>(), thread, max);
                float keep = Softmax.Keep(before, max);
                keeps.Cast<float>()[thread] = keep;
                sum = sum * keep + SumRow(weights.Cast<float>(), thread);
            }

            Group.Barrier();
            F8 keepLow = Eights.Load(keeps, 0), keepHigh = Eights.Load(keeps, 2);
            low0 = Eights.Multiply(low0, keepLow);
            low1 = Eights.Multiply(low1, keepLow);
            high0 = Eights.Multiply(high0, keepHigh);
            high1 = Eights.Multiply(high1, keepHigh);
            for (int j = 0; j < count; j++)
            {
                long value = values + (long)(key0 + j) * rowNumbers + thread;
                float v0 = thread < g.HeadDim ? TKv.Get(g.Memory, value) : 0;
                float v1 = thread + Threads < g.HeadDim ? TKv.Get(g.Memory, value + Threads) : 0;
                F8 low = Eights.Load(weights, j * Queries / 4), high = Eights.Load(weights, j * Queries / 4 + 2);
                if (Eights.IsFinite(v0) && Eights.IsFinite(v1))
                {
                    low0 = Eights.Add(low0, low, v0);
                    low1 = Eights.Add(low1, low, v1);
                    high0 = Eights.Add(high0, high, v0);
                    high1 = Eights.Add(high1, high, v1);
                }
                else
                {
                    low0 = Eights.AddWeighted(low0, low, v0);
                    low1 = Eights.AddWeighted(low1, low, v1);
                    high0 = Eights.AddWeighted(high0, high, v0);
                    high1 = Eights.AddWeighted(high1, high, v1);
                }
            }

            Group.Barrier(); // the weights are overwritten next
        }

        if (thread < Queries) sums[thread] = sum;
        Group.Barrier();
        int yRow = sequence.RowStart + row0;
        Write(g, yRow, rows, sums, 0, thread, low0);
        Write(g, yRow, rows, sums, 8, thread, high0);
        Write(g, yRow, rows, sums, 0, thread + Threads, low1);
        Write(g, yRow, rows, sums, 8, thread + Threads, high1);
    }

    /// <summary>The queries, multiplied by the scale; zeros past the head and past the last row.</summary>
    private static void StageQueries(AttentionArgs g, ArrayView<float> q, int row, int rows)
    {
        int padded = g.HeadChunks * 8;
        for (int i = Group.IdxX; i < Queries * padded; i += Threads)
        {
            int r = i / padded, d = i - r * padded;
            long from = ((long)(row + r) * g.Heads + Grid.IdxY) * g.HeadDim + d;
            q[r * MostHeadDim + d] = r < rows && d < g.HeadDim ? g.Q[from] * g.Scale : 0;
        }
    }

    /// <summary>The scores of 64 keys; -inf where a query may not see the key, whose score is then ignored.</summary>
    private static void Score<TKv>(
        AttentionArgs g, ArrayView<F4> q, ArrayView<F4> scores, StepSequence sequence, int position, int key0, int count, long keys)
        where TKv : struct, IKvFormat
    {
        int j = Group.IdxX & (Keys - 1), query = (Group.IdxX >> 6) * 8;
        F8 s = default;
        if (j < count)
        {
            long key = keys + (long)j * g.KvRowNumbers;
            for (int c = 0; c < g.HeadChunks; c++)
            {
                F8 k = Eights.Load<TKv>(g.Memory, key + c * 8, g.HeadDim - c * 8, g.IsAligned);
                int at = query * RowChunks + c * 2;
                s.A += Eights.Dot(k, Eights.Load(q, at));
                s.B += Eights.Dot(k, Eights.Load(q, at + RowChunks));
                s.C += Eights.Dot(k, Eights.Load(q, at + 2 * RowChunks));
                s.D += Eights.Dot(k, Eights.Load(q, at + 3 * RowChunks));
                s.E += Eights.Dot(k, Eights.Load(q, at + 4 * RowChunks));
                s.F += Eights.Dot(k, Eights.Load(q, at + 5 * RowChunks));
                s.G += Eights.Dot(k, Eights.Load(q, at + 6 * RowChunks));
                s.H += Eights.Dot(k, Eights.Load(q, at + 7 * RowChunks));
            }
        }

        int first = position + query, key1 = key0 + j;
        scores[(j * Queries + query) / 4] = new F4
        {
            X = Seen(g, sequence, first, key1, s.A),
            Y = Seen(g, sequence, first + 1, key1, s.B),
            Z = Seen(g, sequence, first + 2, key1, s.C),
            W = Seen(g, sequence, first + 3, key1, s.D),
        };
        scores[(j * Queries + query) / 4 + 1] = new F4
        {
            X = Seen(g, sequence, first + 4, key1, s.E),
            Y = Seen(g, sequence, first + 5, key1, s.F),
            Z = Seen(g, sequence, first + 6, key1, s.G),
            W = Seen(g, sequence, first + 7, key1, s.H),
        };
    }

    private static float Seen(AttentionArgs g, StepSequence sequence, int position, int key, float score) =>
        key >= sequence.VisibleStart(position, g.Window) && key < sequence.VisibleEnd(position) ? g.Capped(score) : float.NegativeInfinity;

    /// <summary>Turns the scores of a query into weights.</summary>
    /// <returns>The largest score so far.</returns>
    private static float WeighRow(ArrayView<float> scores, int query, float max)
    {
        for (int j = 0; j < Keys; j++) max = IntrinsicMath.Max(max, scores[j * Queries + query]);
        float shift = Softmax.Shift(max);
        for (int j = 0; j < Keys; j++) scores[j * Queries + query] = Softmax.Weight(scores[j * Queries + query], shift);
        return max;
    }

    private static float SumRow(ArrayView<float> weights, int query)
    {
        float sum = 0;
        for (int j = 0; j < Keys; j++) sum += weights[j * Queries + query];
        return sum;
    }

    /// <summary>Writes one feature of 8 queries.</summary>
    private static void Write(AttentionArgs g, int row, int rows, ArrayView<float> sums, int query, int feature, F8 o)
    {
        if (feature >= g.HeadDim) return;
        int column = Grid.IdxY * g.HeadDim + feature;
        if (query < rows) g.Y.Set(row + query, column, o.A / sums[query]);
        if (query + 1 < rows) g.Y.Set(row + query + 1, column, o.B / sums[query + 1]);
        if (query + 2 < rows) g.Y.Set(row + query + 2, column, o.C / sums[query + 2]);
        if (query + 3 < rows) g.Y.Set(row + query + 3, column, o.D / sums[query + 3]);
        if (query + 4 < rows) g.Y.Set(row + query + 4, column, o.E / sums[query + 4]);
        if (query + 5 < rows) g.Y.Set(row + query + 5, column, o.F / sums[query + 5]);
        if (query + 6 < rows) g.Y.Set(row + query + 6, column, o.G / sums[query + 6]);
        if (query + 7 < rows) g.Y.Set(row + query + 7, column, o.H / sums[query + 7]);
    }
}
