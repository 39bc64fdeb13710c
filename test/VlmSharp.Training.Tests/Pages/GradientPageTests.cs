using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Reference;
using VlmSharp.Training.Gradients;
using VlmSharp.Training.Optimizers;

namespace VlmSharp.Training.Tests.Pages;

/// <summary>The example of <c>docs/gradient.md</c>, computed by the operators that the page describes.</summary>
public sealed class GradientPageTests : IDisposable
{
    private const int Tokens = 3, Width = 2, Words = 3;
    private static readonly float Scale = (float)(1 / Math.Sqrt(Width));

    private readonly List<IDisposable> owned = [];
    private readonly ReferenceBackend backend = new();
    private readonly Parameter wq, wk, wv, table;

    public GradientPageTests()
    {
        wq = Own(Parameter.Create(backend, "W_q", Width, Width, [1, 0, 1, 1]));
        wk = Own(Parameter.Create(backend, "W_k", Width, Width, [0, 1, 1, 0]));
        wv = Own(Parameter.Create(backend, "W_v", Width, Width, [2, 0, 0, 1]));
        table = Own(Parameter.Create(backend, "E", Words, Width, [1, 0, 0, 1, -1, 0]));
    }

    public void Dispose()
    {
        for (int i = owned.Count - 1; i >= 0; i--) owned[i].Dispose();
        backend.Dispose();
    }

    [Fact]
    public void Its_numbers_are_those_of_the_operators()
    {
        Head plain = Run(cap: 0), capped = Run(cap: 2);
        (Matrix x, Matrix q, Matrix k, Matrix v) = Inputs();
        float[] up = Read(k), down = Read(k);
        up[1] += 0.01f;
        down[1] -= 0.01f;
        double above = LossOf(q, Own(backend.Upload(up, Tokens, Width)), v), below = LossOf(q, Own(backend.Upload(down, Tokens, Width)), v);
        Dictionary<string, Matrix> weights = OnTape();
        new PageNumbers("gradient.md").AssertAre(
            ("X", Rows(x)), ("W_q", Rows(wq)), ("W_k", Rows(wk)), ("W_v", Rows(wv)), ("E", Rows(table)),
            ("Q", Rows(q)), ("K", Rows(k)), ("V", Rows(v)),
            ("S", plain.S), ("l", plain.L), ("P", plain.P), ("Y", plain.Y), ("Z", plain.Z), ("R", plain.R), ("losses", plain.Losses),
            ("L", [[plain.Losses[0].Average()]]),
            ("dZ", plain.DZ), ("dY", plain.DY), ("dV", plain.DV), ("dP", plain.DP), ("d", plain.D), ("dS", plain.DS), ("ds", plain.Ds),
            ("dQ", plain.DQ), ("dK", plain.DK),
            ("dW_q", Rows(weights["W_q"])), ("dW_k", Rows(weights["W_k"])), ("dW_v", Rows(weights["W_v"])),
            ("L(+h)", [[above]]), ("L(-h)", [[below]]), ("slope", [[(above - below) / 0.02]]),
            ("sum", [Sums(plain.DK)]), ("dK'", capped.DK), ("sum'", [Sums(capped.DK)]));
        Assert.Equal(plain.DK[0][1], (above - below) / 0.02, 1e-4);
    }

    /// <summary>
    /// The exercise: shifting all keys by one vector adds the same number to all scores of a row, which softmax ignores.
    /// </summary>
    [Fact]
    public void Gradients_of_keys_sum_to_zero_without_a_cap()
    {
        (_, Matrix q, Matrix k, Matrix v) = Inputs();
        float[] shifted = [.. Read(k).Select((value, i) => value + (i % Width == 0 ? 0.7f : -0.4f))];
        Matrix moved = Own(backend.Upload(shifted, Tokens, Width));
        Assert.Equal(LossOf(q, k, v), LossOf(q, moved, v), 1e-6);
        Assert.All(Sums(Run(cap: 0).DK), sum => Assert.Equal(0, sum, 1e-6));
        Assert.All(Sums(Run(cap: 2).DK), sum => Assert.True(Math.Abs(sum) > 0.05));
        Assert.NotEqual(LossOf(q, k, v, cap: 2), LossOf(q, moved, v, cap: 2), 1e-2);
    }

    /// <summary>Checkpointing discards the values inside a block and recomputes the same bits.</summary>
    [Fact]
    public void Checkpointing_gives_the_same_bits()
    {
        Dictionary<string, Matrix> kept = OnTape(checkpointing: false), again = OnTape(checkpointing: true);
        foreach ((string name, Matrix gradient) in kept) Assert.Equal(Read(gradient), Read(again[name]));
    }

    private sealed record Head(
        double[][] S, double[][] L, double[][] P, double[][] Y, double[][] Z, double[][] R, double[][] Losses, double[][] DZ, double[][] DY,
        double[][] DV, double[][] DP, double[][] D, double[][] DS, double[][] Ds, double[][] DQ, double[][] DK);

    /// <summary>Forwards and backwards, operator by operator.</summary>
    private Head Run(float cap)
    {
        IComputeBackend b = backend;
        AttentionSpec spec = Spec(cap);
        StepTable step = b.Prepare(Batch());
        (_, Matrix q, Matrix k, Matrix v) = Inputs();
        Matrix y = Own(b.Attention(q, k, v, step, spec)), z = Own(b.Linear(y, table.Weight)); // z [T, words]
        Indices rows = Own(b.Upload([1, 2])), targets = Own(b.Upload([1, 2]));
        Matrix answers = Own(b.SelectRows(y, rows)), half = Own(b.Upload([0.5f, 0, 0.5f, 0], 2, 2));
        var loss = new CrossEntropy(answers, table.Weight, targets);
        Matrix losses = Own(b.Run(loss)), dAnswers = Own(b.CrossEntropyInputGradient(half, loss, losses));
        Matrix dy = Own(b.Upload([0, 0, .. Read(dAnswers)], Tokens, Width)); // no loss at the first token
        Matrix statistics = Own(b.AttentionStatistics(dy, y, q, k, step, spec));
        double[][] l = [[.. Rows(statistics).Select(row => row[0])]], d = [[.. Rows(statistics).Select(row => row[1])]];

        double[][] s = Each((i, j) => Capped(Scale * Dot(Rows(q)[i], Rows(k)[j]), cap));
        double[][] p = Each((i, j) => j <= i ? Math.Exp(s[i][j] - l[0][i]) : 0);
        double[][] dp = Each((i, j) => Dot(Rows(dy)[i], Rows(v)[j])), dS = Each((i, j) => p[i][j] * (dp[i][j] - d[0][i]));
        double[][] r = [.. Rows(z).Select(row => row.Select(value => Math.Exp(value) / row.Sum(Math.Exp)).ToArray())];
        double[][] dz = Each((i, w) => i == 0 ? 0 : (r[i][w] - (w == i ? 1 : 0)) / 2);
        return new Head(s, l, p, Rows(y), Rows(z), r, [[.. Rows(losses).Select(row => row[0])]], dz, Rows(dy),
            Rows(Own(b.AttentionValueGradient(dy, q, k, statistics, step, spec))), dp, d, dS,
            Each((i, j) => Scale * dS[i][j] * (cap > 0 ? 1 - s[i][j] * s[i][j] / (cap * cap) : 1)),
            Rows(Own(b.AttentionQueryGradient(dy, q, k, v, statistics, step, spec))),
            Rows(Own(b.AttentionKeyGradient(dy, q, k, v, statistics, step, spec))));
    }

    private double LossOf(Matrix q, Matrix k, Matrix v, float cap = 0)
    {
        Matrix y = Own(backend.Attention(q, k, v, backend.Prepare(Batch()), Spec(cap)));
        return Rows(Own(Losses(backend, y))).Average(row => row[0]);
    }

    private Matrix Losses(IComputeBackend b, Matrix y)
    {
        Matrix answers = Own(b.SelectRows(y, Own(backend.Upload([1, 2]))));
        return b.CrossEntropy(answers, table.Weight, Own(backend.Upload([1, 2])));
    }

    /// <summary>The same with the tape, which only knows the three matrices and derives the backward pass itself.</summary>
    private Dictionary<string, Matrix> OnTape(bool checkpointing = true)
    {
        Tape tape = Own(new Tape(backend) { Checkpointing = checkpointing });
        Parameter[] trained = [wq, wk, wv];
        foreach (Parameter parameter in trained) tape.Train(parameter.Weight);
        StepTable step = backend.Prepare(Batch());
        Matrix losses = Own(tape.Record(() =>
        {
            Matrix y = Own(tape.Block(X(tape), step, (x, table) =>
            {
                Matrix q = Own(tape.Linear(x, wq.Weight)), k = Own(tape.Linear(x, wk.Weight)), v = Own(tape.Linear(x, wv.Weight));
                return tape.Attention(q, k, v, table, Spec(cap: 0));
            }));
            return Losses(tape, y);
        }));
        tape.Backward(losses, Own(backend.Upload([0.5f, 0, 0.5f, 0], 2, 2)));
        return trained.ToDictionary(parameter => parameter.Name, parameter => tape.Gradient(parameter.Weight));
    }

    private static AttentionSpec Spec(float cap) => new(Heads: 1, KvHeads: 1, HeadDim: Width, Scale, cap);

    private static SequenceBatch Batch()
    {
        var batch = new SequenceBatch();
        batch.Add(Tokens, prefixLength: 1);
        return batch;
    }

    private (Matrix X, Matrix Q, Matrix K, Matrix V) Inputs()
    {
        Matrix x = X(backend);
        return (x, Own(backend.Linear(x, wq.Weight)), Own(backend.Linear(x, wk.Weight)), Own(backend.Linear(x, wv.Weight)));
    }

    private static double Capped(double score, float cap) => cap > 0 ? cap * Math.Tanh(score / cap) : score;

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private Matrix X(IComputeBackend b) => Own(b.Upload([1, 0, 0, 1, 1, 1], Tokens, Width));

    private float[] Read(Matrix x)
    {
        float[] values = new float[x.Length];
        backend.Download(x, values);
        return values;
    }

    private double[][] Rows(Matrix x) => [.. Read(x).Chunk(x.Columns).Select(row => row.Select(v => (double)v).ToArray())];

    private double[][] Rows(Parameter parameter) =>
        Rows(Own(backend.Embed(parameter.Weight, Own(backend.Upload([.. Enumerable.Range(0, parameter.Weight.Rows)])), 1)));

    private static double[] Sums(double[][] rows) => [.. Enumerable.Range(0, Width).Select(i => rows.Sum(row => row[i]))];

    private static double[][] Each(Func<int, int, double> of) =>
        [.. Enumerable.Range(0, Tokens).Select(i => Enumerable.Range(0, Tokens).Select(j => of(i, j)).ToArray())];

    private T Own<T>(T value) where T : IDisposable
    {
        owned.Add(value);
        return value;
    }
}
