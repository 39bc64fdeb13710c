using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Conformance;

/// <summary>Gradients of attention.</summary>
public abstract partial class BackendConformance
{
    /// <summary>Heads, key-value heads, head size, soft-cap, window, rows of the longest sequence.</summary>
    public static TheoryData<int, int, int, float, int, int> AttentionGradientSpecs() => new()
    {
        { 1, 1, 1, 0, 0, 30 }, { 2, 2, 3, 0, 0, 300 }, { 3, 3, 36, 0, 0, 40 }, { 2, 1, 48, 0, 5, 40 }, { 8, 1, 20, 50, 0, 70 },
        { 4, 2, 40, 5, 33, 70 }, { 2, 1, 300, 0, 0, 20 }, { 1, 1, 8, 0, 270, 540 },
    };

    [BackendTheory]
    [MemberData(nameof(AttentionGradientSpecs))]
    public void AttentionGradients(int heads, int kvHeads, int headDim, float softCap, int window, int longest)
    {
        var spec = new AttentionSpec(heads, kvHeads, headDim, 1 / MathF.Sqrt(headDim), softCap, window);
        SequenceBatch batch = new();
        batch.Add(7, 7); // full
        batch.Add(1, 0); // one token
        batch.Add(longest, 0); // causal
        batch.Add(longest / 2, longest / 4); // a prefix, then causal
        batch.Add(5, 9); // a prefix longer than the rows is the rows
        int rows = batch.TotalRows, width = kvHeads * headDim;
        if ((long)rows * longest * heads * headDim > MostMultiplications) return;
        float[] q = Numbers(rows * heads * headDim, 2),
            k = Numbers(rows * width, 2),
            v = Numbers(rows * width),
            dy = Numbers(rows * heads * headDim);
        void Check(string what, Func<AttentionOperands, Matrix> run, double tolerance) => Compare($"{what} {spec}", b =>
        {
            using var operands = new AttentionOperands(b, batch, spec, q, k, v, dy);
            return run(operands);
        }, tolerance);

        // Scores are up to 4 sqrt(D) / sqrt(D) sqrt(D), and their error is the relative error of p. dY.v is of the size of sqrt(D) / 3.
        // The weights of a query sum to 1; those of a key may sum to the number of queries that see it.
        double weight = 4 * Close.SumBound(headDim, 4 / Math.Sqrt(headDim)) + 40 * Close.Unit + 12 * OperandRounding;
        double query = weight * 4 * Math.Sqrt(headDim), key = query * Math.Sqrt(longest * heads / (double)kvHeads);
        Check(
            "AttentionStatistics",
            o => o.Statistics.Retain(),
            weight * Math.Sqrt(headDim) + Close.SumBound(headDim, 1) + 4 * OperandRounding * Math.Sqrt(headDim));
        Check("AttentionQueryGradient", o => o.Backend.AttentionQueryGradient(o.Dy, o.Q, o.K, o.V, o.Statistics, o.Step, spec), query);
        Check("AttentionKeyGradient", o => o.Backend.AttentionKeyGradient(o.Dy, o.Q, o.K, o.V, o.Statistics, o.Step, spec), key);
        Check("AttentionValueGradient", o => o.Backend.AttentionValueGradient(o.Dy, o.Q, o.K, o.Statistics, o.Step, spec), key);
    }

    /// <summary>
    /// By hand, with s = (0, ln 3) for the second token: it weighs the values 1 and 5 as 1/4 and 3/4, y = 4. dY = 1 gives d = 4, ds =
    /// (-3/4, 3/4), so dQ = 3/4 ln 3, dK = (-3/4, 3/4), dV = (1/4, 3/4). The first token sees only itself, and its dY = 2 adds 2 to dV.
    /// </summary>
    [BackendFact]
    public void AttentionGradientsByHand()
    {
        SequenceBatch batch = new();
        batch.Add(2, 0);
        float ln3 = MathF.Log(3);
        using var o = new AttentionOperands(Backend, batch, new AttentionSpec(1, 1, 1, 1), [1, 1], [0, ln3], [1, 5], [2, 1]);
        double tolerance = 1e-6 + 16 * OperandRounding;
        Close.AssertAll("l and d", [0, 2, MathF.Log(4), 4], Fetch(Backend, o.Statistics.Retain()), tolerance);
        Close.AssertAll(
            "dQ",
            [0, 0.75f * ln3],
            Fetch(Backend, Backend.AttentionQueryGradient(o.Dy, o.Q, o.K, o.V, o.Statistics, o.Step, o.Spec)),
            tolerance);
        Close.AssertAll(
            "dK",
            [-0.75f, 0.75f],
            Fetch(Backend, Backend.AttentionKeyGradient(o.Dy, o.Q, o.K, o.V, o.Statistics, o.Step, o.Spec)),
            tolerance);
        Close.AssertAll(
            "dV", [2.25f, 0.75f], Fetch(Backend, Backend.AttentionValueGradient(o.Dy, o.Q, o.K, o.Statistics, o.Step, o.Spec)), tolerance);
    }

    /// <summary>Scores that overflow exp: each weight is recomputed from l.</summary>
    [BackendFact]
    public void AttentionGradientsOfLargeScores()
    {
        const int Rows = 40;
        float[] q = [.. Enumerable.Repeat(1f, Rows)],
            k = [.. Enumerable.Range(0, Rows).Select(i => 512f + 4 * (i * 7 % Rows))],
            v = Numbers(Rows),
            dy = Numbers(Rows);
        SequenceBatch batch = new();
        batch.Add(Rows, 10);
        var spec = new AttentionSpec(1, 1, 1, 1);
        Compare("AttentionValueGradient of large scores", b =>
        {
            using var o = new AttentionOperands(b, batch, spec, q, k, v, dy);
            return b.AttentionValueGradient(o.Dy, o.Q, o.K, o.Statistics, o.Step, spec);
        }, Rows * (2e-4 + 4 * OperandRounding)); // the last digit of a score of 700 is 6e-5
    }

    /// <summary>The operands of the gradients of attention, on one backend.</summary>
    private sealed class AttentionOperands : IDisposable
    {
        public AttentionOperands(IComputeBackend b, SequenceBatch batch, AttentionSpec spec, float[] q, float[] k, float[] v, float[] dy)
        {
            (Backend, Spec, Step) = (b, spec, b.Prepare(batch));
            int rows = batch.TotalRows;
            (Q, Dy) = (b.Upload(q, rows, spec.Heads * spec.HeadDim), b.Upload(dy, rows, spec.Heads * spec.HeadDim));
            (K, V) = (b.Upload(k, rows, spec.KvWidth), b.Upload(v, rows, spec.KvWidth));
            using Matrix y = b.Attention(Q, K, V, Step, spec); // [T, H D]
            Statistics = b.AttentionStatistics(Dy, y, Q, K, Step, spec); // [T, 2 H]
        }

        public IComputeBackend Backend { get; }

        public AttentionSpec Spec { get; }

        public StepTable Step { get; }

        public Matrix Q { get; }

        public Matrix K { get; }

        public Matrix V { get; }

        public Matrix Dy { get; }

        public Matrix Statistics { get; }

        public void Dispose()
        {
            Q.Dispose();
            K.Dispose();
            V.Dispose();
            Dy.Dispose();
            Statistics.Dispose();
        }
    }
}
