using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>
/// l_i = log sum_j exp(s_ij) and d_i = dY_i . y_i. A group has 16 queries of one head and visits the keys, 64 at a time. A thread has one
/// key and 8 queries and keeps each query's largest score and sum; the threads join them at the end. Grid: tiles of queries, heads,
/// sequences.
/// </summary>
internal static class AttentionRowStatistics
{
    private const int PerQuery = GradientTile.Threads / GradientTile.Owned;

    public static void Kernel(GradientArgs g)
    {
        StepSequence sequence = StepSequence.Read(g.Sequences, Grid.IdxZ);
        int row0 = Grid.IdxX * GradientTile.Owned, rows = IntrinsicMath.Min(GradientTile.Owned, sequence.RowCount - row0), head = Grid.IdxY;
        if (rows <= 0) return; // the whole group
        ArrayView<F4> q = SharedMemory.Allocate<F4>(GradientTile.Chunks);
        ArrayView<float> largest = SharedMemory.Allocate<float>(GradientTile.Others * GradientTile.Owned); // [key, query]
        ArrayView<float> sums = SharedMemory.Allocate<float>(GradientTile.Others * GradientTile.Owned);
        ArrayView<float> along = SharedMemory.Allocate<float>(GradientTile.Threads); // [query, 8]
        int firstRow = sequence.RowStart + row0;
        GradientTile.Stage(q, g.Q, g.QueryAt(firstRow, head), g.Heads * g.HeadDim, rows, g.HeadDim);
        along[Group.IdxX] = DotShare(g, firstRow, rows);
        Group.Barrier();

        int start = sequence.VisibleStart(row0, g.Window), end = sequence.VisibleEnd(row0 + rows - 1);
        int query = row0 + GradientTile.FirstOwned;
        F8 max = Eights.All(float.NegativeInfinity), sum = default;
        for (int j = start + GradientTile.Other; j < end; j += GradientTile.Others)
        {
            F8 dots = GradientTile.Dots(g, q, g.K, g.KeyAt(sequence.RowStart + j, head)), before = max;
            F8 scores = new()
            {
                A = Seen(g, sequence, query, j, dots.A),
                B = Seen(g, sequence, query + 1, j, dots.B),
                C = Seen(g, sequence, query + 2, j, dots.C),
                D = Seen(g, sequence, query + 3, j, dots.D),
                E = Seen(g, sequence, query + 4, j, dots.E),
                F = Seen(g, sequence, query + 5, j, dots.F),
                G = Seen(g, sequence, query + 6, j, dots.G),
                H = Seen(g, sequence, query + 7, j, dots.H),
            };
            max = Eights.Max(before, scores);
            sum = Eights.Plus(Eights.Multiply(sum, Softmax.Keep(before, max)), Softmax.Weights(scores, max));
        }

        int at = (GradientTile.Other * GradientTile.Owned + GradientTile.FirstOwned) / 4;
        Eights.Store(largest.Cast<F4>(), at, max);
        Eights.Store(sums.Cast<F4>(), at, sum);
        Group.Barrier();
        if (Group.IdxX < rows) Join(g, firstRow + Group.IdxX, largest, sums, along);
    }

    private static float Seen(in GradientArgs g, in StepSequence sequence, int query, int key, float dot) =>
        GradientTile.Sees(sequence, query, key, g.Window) ? g.Score(dot) : float.NegativeInfinity;

    /// <summary>This thread's share of dY_i . y_i: every eighth feature of one query.</summary>
    private static float DotShare(in GradientArgs g, int firstRow, int rows)
    {
        int query = Group.IdxX / PerQuery;
        float sum = 0;
        if (query >= rows) return sum;
        long at = g.QueryAt(firstRow + query, Grid.IdxY);
        for (int d = Group.IdxX % PerQuery; d < g.HeadDim; d += PerQuery) sum += g.Gradient[at + d] * g.Output[at + d];
        return sum;
    }

    /// <summary>Each thread joins the partial results of one query.</summary>
    private static void Join(in GradientArgs g, int row, ArrayView<float> largest, ArrayView<float> sums, ArrayView<float> along)
    {
        int query = Group.IdxX;
        float max = float.NegativeInfinity, sum = 0, dot = 0;
        for (int j = 0; j < GradientTile.Others; j++) max = IntrinsicMath.Max(max, largest[j * GradientTile.Owned + query]);
        for (int j = 0; j < GradientTile.Others; j++)
            sum += sums[j * GradientTile.Owned + query] * Functions.Exp(largest[j * GradientTile.Owned + query] - max);
        for (int i = 0; i < PerQuery; i++) dot += along[query * PerQuery + i];
        long at = (long)row * 2 * g.Heads + Grid.IdxY;
        g.Statistics[at] = max + Functions.Log(sum);
        g.Statistics[at + g.Heads] = dot;
    }
}
