using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>
/// The gradients of attention with respect to queries, keys and values without a score matrix in memory (Dao et al. 2022, section B.2), all
/// in fp32 on any device. A group owns 16 rows of one head and visits the rows of the other side, 64 at a time. It recomputes their scores,
/// obtains the weights from the statistics, and adds to the sums. For the weights, a thread has one row of the other side and 8 owned rows;
/// for the sums, it has two features of all 16, in registers. Query heads that share a key head write to separate planes, which are then
/// added in order, so that no sum depends on timing. Grid: tiles of owned rows, query heads, sequences.
/// </summary>
internal static class AttentionGradient
{
    public static void Kernel<TSide>(GradientArgs g) where TSide : struct, IGradientSide
    {
        StepSequence sequence = StepSequence.Read(g.Sequences, Grid.IdxZ);
        int own0 = Grid.IdxX * GradientTile.Owned, head = Grid.IdxY;
        int owned = IntrinsicMath.Min(GradientTile.Owned, sequence.RowCount - own0);
        if (owned <= 0) return; // the whole group
        ArrayView<F4> first = SharedMemory.Allocate<F4>(GradientTile.Chunks), second = SharedMemory.Allocate<F4>(GradientTile.Chunks);
        ArrayView<F4> weights = SharedMemory.Allocate<F4>(GradientTile.Others * GradientTile.Owned / 4); // [other, owned]
        StageOwned<TSide>(g, first, second, sequence.RowStart + own0, owned);
        Group.Barrier();

        int start = Start<TSide>(g, sequence, own0), end = End<TSide>(g, sequence, own0 + owned - 1), thread = Group.IdxX;
        F8 low0 = default, low1 = default, high0 = default, high1 = default; // low: rows 0 to 7, high: 8 to 15; one per feature
        for (int other0 = start; other0 < end; other0 += GradientTile.Others)
        {
            int count = IntrinsicMath.Min(GradientTile.Others, end - other0);
            Weigh<TSide>(g, sequence, first, second, weights, own0, owned, other0, count);
            Group.Barrier();
            for (int j = 0; j < count; j++)
            {
                int row = sequence.RowStart + other0 + j;
                F8 low = Eights.Load(weights, j * GradientTile.Owned / 4), high = Eights.Load(weights, j * GradientTile.Owned / 4 + 2);
                float x0 = Summed<TSide>(g, row, head, thread), x1 = Summed<TSide>(g, row, head, thread + GradientTile.Threads);
                low0 = Eights.Add(low0, low, x0);
                low1 = Eights.Add(low1, low, x1);
                high0 = Eights.Add(high0, high, x0);
                high1 = Eights.Add(high1, high, x1);
            }

            Group.Barrier(); // the weights are overwritten next
        }

        Write<TSide>(g, sequence.RowStart + own0, owned, 0, thread, low0);
        Write<TSide>(g, sequence.RowStart + own0, owned, 8, thread, high0);
        Write<TSide>(g, sequence.RowStart + own0, owned, 0, thread + GradientTile.Threads, low1);
        Write<TSide>(g, sequence.RowStart + own0, owned, 8, thread + GradientTile.Threads, high1);
    }

    private static void StageOwned<TSide>(in GradientArgs g, ArrayView<F4> first, ArrayView<F4> second, int row, int rows)
        where TSide : struct, IGradientSide
    {
        int queryPitch = g.Heads * g.HeadDim, keyPitch = g.KvHeads * g.HeadDim, head = Grid.IdxY;
        if (TSide.OwnsQueries)
        {
            GradientTile.Stage(first, g.Q, g.QueryAt(row, head), queryPitch, rows, g.HeadDim);
            GradientTile.Stage(second, g.Gradient, g.QueryAt(row, head), queryPitch, rows, g.HeadDim);
        }
        else
        {
            GradientTile.Stage(first, g.K, g.KeyAt(row, head), keyPitch, rows, g.HeadDim);
            if (TSide.IsOfScores) GradientTile.Stage(second, g.V, g.KeyAt(row, head), keyPitch, rows, g.HeadDim);
        }
    }

    /// <summary>
    /// The first row of the other side that interacts with an owned row; <paramref name="own"/> is the first owned row.
    /// </summary>
    public static int Start<TSide>(in GradientArgs g, in StepSequence sequence, int own) where TSide : struct, IGradientSide
    {
        if (TSide.OwnsQueries) return sequence.VisibleStart(own, g.Window);
        return own < sequence.PrefixLength ? 0 : own; // every query sees the prefix; a later key is seen from its own place on
    }

    /// <summary>
    /// The end of the rows of the other side that interact with an owned row; <paramref name="own"/> is the last owned row.
    /// </summary>
    public static int End<TSide>(in GradientArgs g, in StepSequence sequence, int own) where TSide : struct, IGradientSide
    {
        if (TSide.OwnsQueries) return sequence.VisibleEnd(own);
        return g.Window <= 0
            ? sequence.RowCount
            : IntrinsicMath.Min(sequence.RowCount, IntrinsicMath.Max(sequence.PrefixLength, own + g.Window));
    }

    /// <summary>The weights of 64 rows of the other side and the owned rows; 0 where a query does not see a key.</summary>
    private static void Weigh<TSide>(in GradientArgs g, in StepSequence sequence, ArrayView<F4> first, ArrayView<F4> second,
        ArrayView<F4> weights, int own0, int owned, int other0, int count) where TSide : struct, IGradientSide
    {
        int other = GradientTile.Other, own = GradientTile.FirstOwned, row = sequence.RowStart + other0 + other, head = Grid.IdxY;
        F8 dots = default, along = default; // q_i . k_j and dY_i . v_j
        if (other < count)
        {
            long at = TSide.OwnsQueries ? g.KeyAt(row, head) : g.QueryAt(row, head);
            dots = GradientTile.Dots(g, first, TSide.OwnsQueries ? g.K : g.Q, at);
            if (TSide.IsOfScores) along = GradientTile.Dots(g, second, TSide.OwnsQueries ? g.V : g.Gradient, at);
        }

        int o = own0 + own, j = other0 + other, ownEnd = own0 + owned, otherEnd = other0 + count;
        weights[(other * GradientTile.Owned + own) / 4] = new F4
        {
            X = Weight<TSide>(g, sequence, o, ownEnd, j, otherEnd, dots.A, along.A),
            Y = Weight<TSide>(g, sequence, o + 1, ownEnd, j, otherEnd, dots.B, along.B),
            Z = Weight<TSide>(g, sequence, o + 2, ownEnd, j, otherEnd, dots.C, along.C),
            W = Weight<TSide>(g, sequence, o + 3, ownEnd, j, otherEnd, dots.D, along.D),
        };
        weights[(other * GradientTile.Owned + own) / 4 + 1] = new F4
        {
            X = Weight<TSide>(g, sequence, o + 4, ownEnd, j, otherEnd, dots.E, along.E),
            Y = Weight<TSide>(g, sequence, o + 5, ownEnd, j, otherEnd, dots.F, along.F),
            Z = Weight<TSide>(g, sequence, o + 6, ownEnd, j, otherEnd, dots.G, along.G),
            W = Weight<TSide>(g, sequence, o + 7, ownEnd, j, otherEnd, dots.H, along.H),
        };
    }

    /// <summary>p_ij = exp(s_ij - l_i), or ds_ij = scale * p_ij (dY_i . v_j - d_i) (1 - (s_ij / cap)^2).</summary>
    public static float Weight<TSide>(
        in GradientArgs g, in StepSequence sequence, int own, int ownEnd, int other, int otherEnd, float dot, float along)
        where TSide : struct, IGradientSide
    {
        int i = TSide.OwnsQueries ? own : other, j = TSide.OwnsQueries ? other : own;
        if (own >= ownEnd || other >= otherEnd || !GradientTile.Sees(sequence, i, j, g.Window)) return 0;
        long statistics = (long)(sequence.RowStart + i) * 2 * g.Heads + Grid.IdxY;
        float score = g.Score(dot), p = Functions.Exp(score - g.Statistics[statistics]);
        if (!TSide.IsOfScores) return p;
        float share = score * g.InverseSoftCap; // 0 without a cap
        return g.Scale * p * (along - g.Statistics[statistics + g.Heads]) * (1 - share * share);
    }

    /// <summary>One feature of the row that is summed.</summary>
    public static float Summed<TSide>(in GradientArgs g, int row, int head, int feature) where TSide : struct, IGradientSide
    {
        if (feature >= g.HeadDim) return 0;
        if (TSide.OwnsQueries) return g.K[g.KeyAt(row, head) + feature];
        return TSide.IsOfScores ? g.Q[g.QueryAt(row, head) + feature] : g.Gradient[g.QueryAt(row, head) + feature];
    }

    /// <summary>Writes one feature of 8 owned rows.</summary>
    private static void Write<TSide>(in GradientArgs g, int row, int rows, int own, int feature, F8 sums)
        where TSide : struct, IGradientSide
    {
        if (feature >= g.HeadDim) return;
        Set<TSide>(g, row, rows, own, feature, sums.A);
        Set<TSide>(g, row, rows, own + 1, feature, sums.B);
        Set<TSide>(g, row, rows, own + 2, feature, sums.C);
        Set<TSide>(g, row, rows, own + 3, feature, sums.D);
        Set<TSide>(g, row, rows, own + 4, feature, sums.E);
        Set<TSide>(g, row, rows, own + 5, feature, sums.F);
        Set<TSide>(g, row, rows, own + 6, feature, sums.G);
        Set<TSide>(g, row, rows, own + 7, feature, sums.H);
    }

    private static void Set<TSide>(in GradientArgs g, int row, int rows, int own, int feature, float sum)
        where TSide : struct, IGradientSide
    {
        if (own < rows) g.Y[ResultAt<TSide>(g, row + own) + feature] = sum;
    }

    /// <summary>
    /// The index where the gradient of an owned row begins: of a query head, or of a key head in the plane of its query head.
    /// </summary>
    public static long ResultAt<TSide>(in GradientArgs g, int row) where TSide : struct, IGradientSide
    {
        int head = Grid.IdxY, plane = head % (g.Heads / g.KvHeads);
        return TSide.OwnsQueries ? g.QueryAt(row, head) : (long)plane * g.Rows * g.KvHeads * g.HeadDim + g.KeyAt(row, head);
    }
}
