using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;

namespace VlmSharp.Backend.Tests;

/// <summary>A third-party backend runs every operator, and reports one that it lacks.</summary>
public sealed class ArrayBackendTests
{
    private static readonly AttentionSpec Spec = new(Heads: 4, KvHeads: 2, HeadDim: 4, Scale: 0.5f, SoftCap: 3, Window: 3);

    private static readonly Dictionary<Type, Func<OperatorInputs, IComputeBackend, Matrix>> Cases = new()
    {
        [typeof(AdamW)] = (i, b) =>
            Updated(i, b, w => b.AdamW(w, i.Matrix(3, 6), i.Zeros(3, 6), i.Zeros(3, 6), new AdamStep(1, 0.1, 0.2, GradientFactor: 0.5))),
        [typeof(AdamW8Bit)] = (i, b) => Updated(i, b, w => b.AdamW8Bit(
            w, i.Matrix(3, 6), i.Zeros(1, 5), i.Zeros(1, 1), i.Zeros(1, 5), i.Zeros(1, 1), new AdamStep(1, 0.1, 0.2, GradientFactor: 0.5))),
        [typeof(Add)] = (i, b) => b.Add(i.Matrix(3, 7), i.Matrix(3, 7)),
        [typeof(AddRows)] = (i, b) => b.AddRows(i.Matrix(3, 7), i.Indices(3, 0, 3), 5, 0.5f, i.Matrix(5, 7)),
        [typeof(AppendKeyValues)] = (i, b) => b.AttentionWeights(i.Matrix(3, 16), Append(i, b), 0, Spec, i.Indices(0, 1, 2)),
        [typeof(AssignRows)] = (i, b) => Updated(i, b, w => b.AssignRows(w, i.Matrix(2, 6), 1)),
        [typeof(Attention)] = (i, b) => b.Attention(i.Matrix(5, 16), i.Matrix(5, 8), i.Matrix(5, 8), i.Uncached(), Spec),
        [typeof(AttentionKeyGradient)] = (i, b) => AttentionGradient(i, b, (q, k, v, y, dy, step) =>
            b.AttentionKeyGradient(dy, q, k, v, b.AttentionStatistics(dy, y, q, k, step, Spec), step, Spec)),
        [typeof(AttentionQueryGradient)] = (i, b) => AttentionGradient(i, b, (q, k, v, y, dy, step) =>
            b.AttentionQueryGradient(dy, q, k, v, b.AttentionStatistics(dy, y, q, k, step, Spec), step, Spec)),
        [typeof(AttentionStatistics)] = (i, b) =>
            AttentionGradient(i, b, (q, k, v, y, dy, step) => b.AttentionStatistics(dy, y, q, k, step, Spec)),
        [typeof(AttentionValueGradient)] = (i, b) => AttentionGradient(i, b, (q, k, v, y, dy, step) =>
            b.AttentionValueGradient(dy, q, k, b.AttentionStatistics(dy, y, q, k, step, Spec), step, Spec)),
        [typeof(AttentionWeights)] = (i, b) => b.AttentionWeights(i.Matrix(3, 16), Append(i, b), 0, Spec, i.Indices(2, 0)),
        [typeof(CachedAttention)] = (i, b) => b.CachedAttention(i.Matrix(3, 16), Append(i, b), 0, Spec),
        [typeof(Choose)] = Choose,
        [typeof(CopyKeyValues)] = Copy,
        [typeof(CrossEntropy)] = (i, b) => b.Run(Loss(i)),
        [typeof(CrossEntropyInputGradient)] = (i, b) => LossGradient(i, b, (dy, loss, y) => b.CrossEntropyInputGradient(dy, loss, y)),
        [typeof(CrossEntropyWeightGradient)] = (i, b) =>
            LossGradient(i, b, (dy, loss, y) => b.CrossEntropyWeightGradient(dy, loss, y, i.Matrix(9, 6))),
        [typeof(Dropout)] = (i, b) => b.Dropout(i.Matrix(3, 7), 0.4f, (5L << 32) + 3),
        [typeof(Embed)] = (i, b) => b.Embed(i.Weight(9, 6), i.Indices(8, -1, 0, -2), 3, Choose(i, b)),
        [typeof(GatedGelu)] = (i, b) => b.GatedGelu(i.Matrix(3, 7), i.Matrix(3, 7)),
        [typeof(GatedLinear)] = (i, b) => b.GatedLinear(i.Matrix(3, 6), i.Weight(5, 6), i.Weight(5, 6)),
        [typeof(Gelu)] = (i, b) => b.Gelu(i.Matrix(3, 7)),
        [typeof(GeluGradient)] = (i, b) => b.GeluGradient(i.Matrix(3, 7), i.Matrix(3, 7), i.Matrix(3, 7)),
        [typeof(JoinRows)] = (i, b) => b.JoinRows([i.Matrix(2, 3), i.Matrix(1, 3), i.Matrix(3, 3)]),
        [typeof(LayerNorm)] = (i, b) => b.LayerNorm(i.Matrix(3, 6), i.Weight(1, 6), i.Weight(1, 6), 1e-6f),
        [typeof(LayerNormGainGradient)] = (i, b) => b.LayerNormGainGradient(i.Matrix(3, 7), i.Matrix(3, 7), 1e-6f, i.Matrix(1, 7)),
        [typeof(LayerNormInputGradient)] = (i, b) => b.LayerNormInputGradient(i.Matrix(3, 7), i.Matrix(3, 7), i.Weight(1, 7), 1e-6f),
        [typeof(Linear)] = (i, b) => b.Linear(i.Matrix(3, 6), i.Weight(5, 6), i.Weight(1, 5), Activation.GeluTanh, i.Matrix(3, 5)),
        [typeof(LinearInputGradient)] = (i, b) => b.LinearInputGradient(i.Matrix(3, 5), i.Weight(5, 7)),
        [typeof(LinearRows)] = (i, b) => b.LinearRows(i.Matrix(3, 6), i.Weight(5, 6), i.Indices(4, 0)),
        [typeof(LinearWeightGradient)] = (i, b) => b.LinearWeightGradient(i.Matrix(3, 5), i.Matrix(3, 7), i.Matrix(5, 7)),
        [typeof(LogSoftmax)] = (i, b) => b.LogSoftmax(i.Matrix(3, 6)),
        [typeof(PatchEmbed)] = (i, b) => b.PatchEmbed(i.Matrix(2, 3 * 6 * 6), i.Weight(5, 3 * 2 * 2), i.Weight(1, 5), i.Weight(9, 5), 2),
        [typeof(PatchKernelGradient)] = (i, b) =>
            b.PatchKernelGradient(i.Matrix(2 * 9, 5), i.Matrix(2, 3 * 6 * 6), 2, i.Matrix(5, 3 * 2 * 2)),
        [typeof(ReplaceRows)] = (i, b) => b.ReplaceRows(i.Matrix(4, 3), i.Matrix(2, 3), i.Indices(3, 1)),
        [typeof(RmsNorm)] = (i, b) => b.RmsNorm(i.Matrix(3, 6), i.Weight(1, 6), 1e-6f, i.Matrix(3, 6)),
        [typeof(RmsNormGainGradient)] = (i, b) => b.RmsNormGainGradient(i.Matrix(3, 7), i.Matrix(3, 7), 1e-6f, i.Matrix(1, 7)),
        [typeof(RmsNormInputGradient)] = (i, b) => b.RmsNormInputGradient(i.Matrix(3, 7), i.Matrix(3, 7), i.Weight(1, 7), 1e-6f),
        [typeof(Rope)] = (i, b) => b.Rope(i.Matrix(5, 16), b.RotaryAngles(i.Uncached(), 4, 100, 1)),
        [typeof(RopeGradient)] = (i, b) => b.RopeGradient(i.Matrix(5, 16), b.RotaryAngles(i.Uncached(), 4, 100, 1)),
        [typeof(RotaryAngles)] = (i, b) => b.RotaryAngles(i.Cached(8, (k, v, step) => { }), 4, 100, 1),
        [typeof(Scale)] = (i, b) => b.Scale(i.Matrix(3, 7), -0.3f),
        [typeof(SelectRows)] = (i, b) => b.SelectRows(i.Matrix(4, 3), i.Indices(3, 0, 3)),
        [typeof(Sgd)] = (i, b) => Updated(i, b, w => b.Sgd(w, i.Matrix(3, 6), 0.1f, i.Matrix(3, 6), 0.9f, 0.2f, 0.5f)),
        [typeof(SoftCap)] = (i, b) => b.SoftCap(i.Matrix(3, 6), 0.5f),
        [typeof(SoftCapGradient)] = (i, b) => b.SoftCapGradient(i.Matrix(3, 7), b.SoftCap(i.Matrix(3, 7), 0.5f), 0.5f),
        [typeof(SumOfSquares)] = (i, b) => b.SumOfSquares(i.Matrix(3, 6), i.Matrix(1, 1)),
        [typeof(SumRows)] = (i, b) => b.SumRows(i.Matrix(6, 7), 3, i.Matrix(3, 7)),
    };

    /// <summary>Every existing operator type, so that a new one without a case fails.</summary>
    public static TheoryData<Type> Operators =>
        [.. typeof(IOperator).Assembly.GetExportedTypes().Where(t => t.IsValueType && typeof(IOperator).IsAssignableFrom(t))];

    [Theory, MemberData(nameof(Operators))]
    public void Every_operator_equals_the_reference(Type type)
    {
        Assert.True(Cases.TryGetValue(type, out var run), $"{type.Name} has no case here.");
        using var reference = new ReferenceBackend();
        using var arrays = new ArrayBackend();
        var watched = new WatchedBackend(arrays);
        float[] expected = Numbers(reference, run(new OperatorInputs(reference), reference), type);
        float[] actual = Numbers(arrays, run(new OperatorInputs(watched), watched), type);
        Assert.Contains(type, watched.Seen);
        TensorAssert.Close(expected, actual, 1e-5, type.Name);
    }

    [Fact]
    public void An_operator_without_a_kernel_is_named()
    {
        using var backend = new ArrayBackend();
        string message = Assert.Throws<NotSupportedException>(() => backend.Run(new Unheard())).Message;
        Assert.Contains(nameof(Unheard), message, StringComparison.Ordinal);
    }

    [Fact]
    public void Disposed_matrices_are_refused()
    {
        using var backend = new ArrayBackend();
        Matrix x = backend.Allocate(1, 4);
        Indices ids = backend.Upload([0]);
        using Matrix kept = x.Retain();
        x.Dispose();
        using (backend.SoftCap(x, 1)) { } // there is one more reference
        x.Dispose();
        ids.Dispose();
        Assert.Throws<ObjectDisposedException>(() => backend.SoftCap(x, 1));
        Assert.Throws<ObjectDisposedException>(() => backend.Download(x, new float[4]));
        using Matrix y = backend.Allocate(1, 4);
        Assert.Throws<ObjectDisposedException>(() => backend.SelectRows(y, ids));
    }

    [Fact]
    public void Matrices_of_another_backend_are_refused()
    {
        using var reference = new ReferenceBackend();
        using var backend = new ArrayBackend();
        using Matrix x = reference.Upload([1], 1, 1), y = backend.Upload([1], 1, 1);
        foreach (Action use in new Action[] { () => backend.SoftCap(x, 1), () => reference.SoftCap(y, 1) })
            Assert.Contains("another backend", Assert.Throws<ArgumentException>(use).Message, StringComparison.Ordinal);
    }

    private static StepTable Append(OperatorInputs inputs, IComputeBackend b) =>
        inputs.Cached(8, (k, v, step) => b.AppendKeyValues(k, v, step, 0));

    /// <summary>A parameter after an operator that changes it.</summary>
    private static Matrix Updated(OperatorInputs inputs, IComputeBackend b, Action<Weight> update)
    {
        Weight weight = inputs.Weight(3, 6);
        update(weight);
        return b.Embed(weight, inputs.Indices(0, 1, 2), 1);
    }

    /// <summary>A greedy row, a sampled row, and a row with candidates.</summary>
    private static Matrix Choose(OperatorInputs inputs, IComputeBackend b)
    {
        var batch = new SequenceBatch();
        for (int i = 0; i < 3; i++) batch.Add(2, 0);
        var drawn = new TokenRule { IsSampling = true, Temperature = 0.7f, TopK = 7, TopP = 0.9f, MinP = 0.1f, Seed = 3, PromptLength = 1 };
        var rules = new ChoiceRules([new(), drawn, new() { Candidates = 3 }]);
        return b.Choose(inputs.Matrix(3, 9), b.Prepare(batch), rules);
    }

    private static Matrix Copy(OperatorInputs inputs, IComputeBackend b)
    {
        KvCache from = b.CreateKvCache(1, 8, 5), to = b.CreateKvCache(1, 8, 5);
        var batch = new SequenceBatch();
        batch.Add(5, 0, from);
        b.AppendKeyValues(inputs.Matrix(5, 8), inputs.Matrix(5, 8), b.Prepare(batch), 0);
        batch.Advance();
        batch.Clear();
        to.CopyFrom(b, from, 0);
        to.Truncate(4); // the fifth token is the query
        batch.Add(1, 0, to);
        return b.CachedAttention(inputs.Matrix(1, 16), b.Prepare(batch), 0, Spec);
    }

    /// <summary>A gradient of an attention whose longer sequence is longer than the window.</summary>
    private static Matrix AttentionGradient(
        OperatorInputs inputs, IComputeBackend b, Func<Matrix, Matrix, Matrix, Matrix, Matrix, StepTable, Matrix> gradient)
    {
        Matrix q = inputs.Matrix(9, 16), k = inputs.Matrix(9, 8), v = inputs.Matrix(9, 8), dy = inputs.Matrix(9, 16);
        StepTable step = inputs.Uncached(7);
        return gradient(q, k, v, b.Attention(q, k, v, step, Spec), dy, step);
    }

    private static CrossEntropy Loss(OperatorInputs inputs) =>
        new(inputs.Matrix(4, 6), inputs.Weight(9, 6), inputs.Indices(8, 0, 3, 8), Smoothing: 0.1f, Cap: 1.5f);

    private static Matrix LossGradient(OperatorInputs inputs, IComputeBackend b, Func<Matrix, CrossEntropy, Matrix, Matrix> gradient)
    {
        CrossEntropy loss = Loss(inputs);
        return gradient(inputs.Matrix(4, 2), loss, b.Run(loss));
    }

    /// <summary>A result on the host. Ids are stored in place of floats and are converted to numbers to be compared.</summary>
    private static float[] Numbers(IComputeBackend backend, Matrix y, Type type)
    {
        float[] numbers = new float[y.Length];
        backend.Download(y, numbers);
        if (type != typeof(Choose)) return numbers;
        int candidates = (y.Columns - 2) / 2;
        for (int row = 0; row < y.Rows; row++)
        {
            Span<float> words = numbers.AsSpan(row * y.Columns, y.Columns);
            words[0] = BitConverter.SingleToInt32Bits(words[0]);
            for (int i = 0; i < candidates; i++) words[2 + i] = row == 2 ? BitConverter.SingleToInt32Bits(words[2 + i]) : 0;
            if (row != 2) words[(2 + candidates)..].Clear(); // these rows ask for no candidates
        }

        return numbers;
    }

    private sealed class WatchedBackend(IComputeBackend inner) : DelegatingBackend(inner)
    {
        public HashSet<Type> Seen { get; } = [];

        public override Matrix Run<TOperator>(in TOperator op)
        {
            Seen.Add(typeof(TOperator));
            return base.Run(op);
        }
    }

    private readonly record struct Unheard : IOperator
    {
        public MatrixShape? Check() => new(1, 1);
    }
}
