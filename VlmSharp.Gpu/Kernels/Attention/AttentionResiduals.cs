using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>
/// Corrects the statistics: d_i becomes d_i + e_i. The ds of a query must sum to 0, and so must the gradient of a bias that is added to all
/// keys. But d_i = dY_i . y_i contains the rounding error of y, which is bf16 when it feeds a product, and this error remains in the sum.
/// <code>
/// e_i = sum_j p_ij (dY_i . v_j - d_i) / sum_j p_ij
/// </code>
/// The threads divide the pairs as in <see cref="AttentionRowStatistics"/>. Grid: tiles of queries, heads, sequences.
/// </summary>
internal static class AttentionResiduals
{
    public static void Kernel(GradientArgs g)
    {
        StepSequence sequence = StepSequence.Read(g.Sequences, Grid.IdxZ);
        int row0 = Grid.IdxX * GradientTile.Owned, rows = IntrinsicMath.Min(GradientTile.Owned, sequence.RowCount - row0), head = Grid.IdxY;
        if (rows <= 0) return; // the whole group
        ArrayView<F4> q = SharedMemory.Allocate<F4>(GradientTile.Chunks), dy = SharedMemory.Allocate<F4>(GradientTile.Chunks);
        ArrayView<float> weights = SharedMemory.Allocate<float>(GradientTile.Others * GradientTile.Owned); // [key, query]: sums of p
        ArrayView<float> rests = SharedMemory.Allocate<float>(GradientTile.Others * GradientTile.Owned); // of p (dY . v - d)
        int firstRow = sequence.RowStart + row0;
        GradientTile.Stage(q, g.Q, g.QueryAt(firstRow, head), g.Heads * g.HeadDim, rows, g.HeadDim);
        GradientTile.Stage(dy, g.Gradient, g.QueryAt(firstRow, head), g.Heads * g.HeadDim, rows, g.HeadDim);
        Group.Barrier();

        int start = sequence.VisibleStart(row0, g.Window), end = sequence.VisibleEnd(row0 + rows - 1);
        int first = row0 + GradientTile.FirstOwned, last = row0 + rows - 1;
        F8 d = Means(g, sequence.RowStart, first, last), weight = default, rest = default;
        for (int j = start + GradientTile.Other; j < end; j += GradientTile.Others)
        {
            long at = g.KeyAt(sequence.RowStart + j, head);
            F8 p = Weights(g, sequence, first, last, j, GradientTile.Dots(g, q, g.K, at)), along = GradientTile.Dots(g, dy, g.V, at);
            weight = Eights.Plus(weight, p);
            rest = Eights.Plus(rest, Eights.Multiply(p, Eights.Add(along, d, -1)));
        }

        int to = (GradientTile.Other * GradientTile.Owned + GradientTile.FirstOwned) / 4;
        Eights.Store(weights.Cast<F4>(), to, weight);
        Eights.Store(rests.Cast<F4>(), to, rest);
        Group.Barrier();
        if (Group.IdxX < rows) Join(g, firstRow + Group.IdxX, weights, rests);
    }

    /// <summary>p of eight queries and one key.</summary>
    private static F8 Weights(in GradientArgs g, in StepSequence sequence, int first, int last, int key, F8 dots) => new()
    {
        A = AttentionGradient.Weight<PairWeight>(g, sequence, first, last + 1, key, key + 1, dots.A, 0),
        B = AttentionGradient.Weight<PairWeight>(g, sequence, first + 1, last + 1, key, key + 1, dots.B, 0),
        C = AttentionGradient.Weight<PairWeight>(g, sequence, first + 2, last + 1, key, key + 1, dots.C, 0),
        D = AttentionGradient.Weight<PairWeight>(g, sequence, first + 3, last + 1, key, key + 1, dots.D, 0),
        E = AttentionGradient.Weight<PairWeight>(g, sequence, first + 4, last + 1, key, key + 1, dots.E, 0),
        F = AttentionGradient.Weight<PairWeight>(g, sequence, first + 5, last + 1, key, key + 1, dots.F, 0),
        G = AttentionGradient.Weight<PairWeight>(g, sequence, first + 6, last + 1, key, key + 1, dots.G, 0),
        H = AttentionGradient.Weight<PairWeight>(g, sequence, first + 7, last + 1, key, key + 1, dots.H, 0),
    };

    /// <summary>d of eight queries. Past the last query, the last d is repeated; the weights there are 0.</summary>
    private static F8 Means(in GradientArgs g, int rowStart, int first, int last) => new()
    {
        A = Mean(g, rowStart, first, last),
        B = Mean(g, rowStart, first + 1, last),
        C = Mean(g, rowStart, first + 2, last),
        D = Mean(g, rowStart, first + 3, last),
        E = Mean(g, rowStart, first + 4, last),
        F = Mean(g, rowStart, first + 5, last),
        G = Mean(g, rowStart, first + 6, last),
        H = Mean(g, rowStart, first + 7, last),
    };

    private static float Mean(in GradientArgs g, int rowStart, int query, int last) =>
        g.Statistics[(long)(rowStart + IntrinsicMath.Min(query, last)) * 2 * g.Heads + g.Heads + Grid.IdxY];

    /// <summary>Each thread adds the partial sums of one query.</summary>
    private static void Join(in GradientArgs g, int row, ArrayView<float> weights, ArrayView<float> rests)
    {
        float weight = 0, rest = 0;
        for (int j = 0; j < GradientTile.Others; j++)
        {
            weight += weights[j * GradientTile.Owned + Group.IdxX];
            rest += rests[j * GradientTile.Owned + Group.IdxX];
        }

        long at = (long)row * 2 * g.Heads + Grid.IdxY;
        g.Y[at] = g.Statistics[at];
        g.Y[at + g.Heads] = g.Statistics[at + g.Heads] + rest / weight;
    }

    /// <summary>The weight p, with queries as the owned rows.</summary>
    private readonly struct PairWeight : IGradientSide
    {
        public static bool OwnsQueries => true;

        public static bool IsOfScores => false;
    }
}
