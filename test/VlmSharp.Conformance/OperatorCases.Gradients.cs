using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Conformance;

/// <summary>Gradients of products, and of the loss with its head.</summary>
public abstract partial class BackendConformance
{
    /// <summary>
    /// Rows, inputs, outputs: around every register width and tile, sums of several blocks, and results of several blocks.
    /// </summary>
    public static TheoryData<int, int, int> GradientShapes() => new()
    {
        { 0, 12, 7 }, { 1, 1, 1 }, { 1, 64, 9 }, { 2, 8, 4 }, { 3, 84, 133 }, { 5, 133, 215 }, { 7, 1, 9 }, { 9, 17, 1 }, { 12, 65, 17 },
        { 13, 31, 6 }, { 17, 64, 257 }, { 24, 96, 300 }, { 33, 300, 25 }, { 65, 192, 30 }, { 100, 48, 215 }, { 300, 20, 26 },
        { 401, 320, 12 },
        { 20, 8, 520 }, { 600, 129, 8 },
    };

    [BackendTheory]
    [MemberData(nameof(GradientShapes))]
    public void LinearInputGradient(int rows, int inputs, int outputs)
    {
        if ((long)rows * inputs * outputs > MostMultiplications) return;
        foreach (DType dtype in Formats(inputs))
        {
            WeightData weight = Parameter("w", dtype, outputs, inputs);
            float[] dy = Numbers(rows * outputs);
            Compare($"LinearInputGradient {dtype} [{rows}, {inputs}] -> {outputs}", b =>
            {
                using Weight w = b.LoadWeight(weight);
                using Matrix gradient = b.Upload(dy, rows, outputs);
                return b.LinearInputGradient(gradient, w);
            }, Close.SumBound(outputs, 1) + Rounding(outputs, 1));
        }
    }

    [BackendTheory]
    [MemberData(nameof(GradientShapes))]
    public void LinearWeightGradient(int rows, int inputs, int outputs)
    {
        if ((long)rows * inputs * outputs > MostMultiplications) return;
        float[] dy = Numbers(rows * outputs), x = Numbers(rows * inputs), sum = Numbers(outputs * inputs);
        foreach (bool add in new[] { false, true })
            Compare($"LinearWeightGradient [{rows}, {inputs}] -> {outputs}, sum {add}", b =>
            {
                using Matrix gradient = b.Upload(dy, rows, outputs),
                    input = b.Upload(x, rows, inputs),
                    before = b.Upload(sum, outputs, inputs);
                return b.LinearWeightGradient(gradient, input, add ? before : default);
            }, Close.SumBound(rows, 1) + Rounding(rows, 1) + 4 * Close.Unit);
    }

    /// <summary>
    /// By hand: dY = (1, 2), W = ((3, 4), (5, 6)), x = (10, 20): dY W = (13, 16); dY^T x = ((10, 20), (20, 40)), each plus 1.
    /// </summary>
    [BackendFact]
    public void LinearGradientsByHand()
    {
        using Weight w = Backend.LoadWeight(Parameter("w", DType.F32, 2, 2, values: [3, 4, 5, 6]));
        using Matrix dy = Backend.Upload([1, 2], 1, 2), x = Backend.Upload([10, 20], 1, 2), sum = Backend.Upload([1, 1, 1, 1], 2, 2);
        Assert.Equal([13, 16], Fetch(Backend, Backend.LinearInputGradient(dy, w)));
        Assert.Equal([11, 21, 21, 41], Fetch(Backend, Backend.LinearWeightGradient(dy, x, sum)));
    }

    [BackendTheory]
    [InlineData(1, 4, 2, 5)]
    [InlineData(3, 6, 2, 17)]
    [InlineData(2, 28, 14, 30)]
    [InlineData(1, 7, 2, 3)]
    [InlineData(0, 6, 2, 4)]
    [InlineData(70, 8, 2, 9)] // more patches than are gathered at a time
    public void PatchKernelGradient(int images, int side, int patch, int features)
    {
        int places = side / patch * (side / patch), inputs = 3 * patch * patch;
        float[] pixels = Numbers(images * 3 * side * side), dy = Numbers(images * places * features), sum = Numbers(features * inputs);
        foreach (bool add in new[] { false, true })
            Compare($"PatchKernelGradient {images} x {side}/{patch} -> {features}, sum {add}", b =>
            {
                using Matrix gradient = b.Upload(dy, images * places, features), x = b.Upload(pixels, images, 3 * side * side);
                using Matrix before = b.Upload(sum, features, inputs);
                return b.PatchKernelGradient(gradient, x, patch, add ? before : default);
            }, Close.SumBound(images * places, 1) + Rounding(images * places, 1) + 4 * Close.Unit);
    }

    /// <summary>Rows, features, tokens.</summary>
    public static TheoryData<int, int, int> LossShapes() =>
        new() { { 0, 8, 5 }, { 1, 1, 1 }, { 1, 64, 333 }, { 3, 20, 70 }, { 14, 64, 700 }, { 40, 33, 5000 } };

    [BackendTheory]
    [MemberData(nameof(LossShapes))]
    public void CrossEntropy(int rows, int features, int tokens)
    {
        if ((long)rows * features * tokens > MostMultiplications) return;
        foreach (DType dtype in Formats(features))
            foreach ((float smoothing, float cap) in new[] { (0f, 0f), (0.1f, 0f), (0.2f, 3f) })
            {
                LossCase loss = Loss(dtype, rows, features, tokens, smoothing, cap);
                // Scores are up to about 3. The error of the loss is that of the scores plus the rounding of the logarithm.
                double scores = ScoreBound(dtype, features);
                Compare($"{loss}", b => loss.Run(b, (op, y) => y.Retain()), 3 * scores + 16 * Close.Unit * Math.Log(tokens + 2.0));
            }
    }

    [BackendTheory]
    [MemberData(nameof(LossShapes))]
    public void CrossEntropyGradients(int rows, int features, int tokens)
    {
        if ((long)rows * features * tokens > MostMultiplications) return;
        foreach (DType dtype in Formats(features))
            foreach ((float smoothing, float cap) in new[] { (0f, 0f), (0.1f, 0f), (0.2f, 3f) })
            {
                LossCase loss = Loss(dtype, rows, features, tokens, smoothing, cap);
                float[] dLoss = Numbers(2 * rows), sum = Numbers(tokens * features);
                // The magnitudes of a row of dz sum to at most 2, each with twice the relative error of its score. The other factor is at
                // most 1.
                double scores = ScoreBound(dtype, features), of = 6 * scores + 32 * Close.Unit + 4 * OperandRounding;
                Compare($"Input gradient of {loss}", b => loss.Run(b, (op, y) =>
                {
                    using Matrix gradient = b.Upload(dLoss, rows, 2);
                    return b.CrossEntropyInputGradient(gradient, op, y);
                }), of);
                foreach (bool add in new[] { false, true })
                    Compare($"Weight gradient of {loss}, sum {add}", b => loss.Run(b, (op, y) =>
                    {
                        using Matrix gradient = b.Upload(dLoss, rows, 2), before = b.Upload(sum, tokens, features);
                        return b.CrossEntropyWeightGradient(gradient, op, y, add ? before : default);
                    }), Math.Max(1, Math.Sqrt(rows)) * of);
            }
    }

    /// <summary>Scores so large that exp overflows: the loss is the distance of a score from the largest.</summary>
    [BackendFact]
    public void CrossEntropyOfLargeScores()
    {
        using Weight w = Backend.LoadWeight(Parameter("w", DType.F32, 3, 1, values: [1, 512, 500]));
        using Matrix x = Backend.Upload([1, -1], 2, 1);
        using Indices targets = Backend.Upload([2, 1]);
        Close.AssertAll(
            "CrossEntropy",
            [12.0000061f, 512.0000061f, 511, -1],
            Fetch(Backend, Backend.CrossEntropy(x, w, targets)),
            1e-4 + 600 * OperandRounding);
    }

    // How far a score may be off: weights of 8 and 4 bits may be multiplied with activations of 16 and 8 bits.
    private double ScoreBound(DType dtype, int features)
    {
        double scale = 1 / Math.Sqrt(features);
        double rounding = RoundsToBytes(dtype) ? RoundingBound(features, MostOf8Bits)
            : dtype == DType.Int8 ? RoundingBound(features, MostOf16Bits) : 0;
        return 2 * (Close.SumBound(features, scale) + Rounding(features, scale) + scale * rounding);
    }

    private LossCase Loss(DType dtype, int rows, int features, int tokens, float smoothing, float cap) => new(
        Parameter("head", dtype, tokens, features, 2 / MathF.Sqrt(features)), Numbers(rows * features),
        [.. Enumerable.Range(0, rows).Select(t => t == 0 ? tokens - 1 : random.Next(tokens))], smoothing, cap);

    /// <summary>A loss to be computed on several backends.</summary>
    private sealed record LossCase(WeightData Head, float[] X, int[] Targets, float Smoothing, float Cap)
    {
        public Matrix Run(IComputeBackend b, Func<CrossEntropy, Matrix, Matrix> use)
        {
            using Weight head = b.LoadWeight(Head);
            using Matrix x = b.Upload(X, Targets.Length, Head.Columns);
            using Indices targets = b.Upload(Targets);
            using Matrix y = b.CrossEntropy(x, head, targets, Smoothing, Cap); // [n, 2]
            return use(new CrossEntropy(x, head, targets, Smoothing, Cap), y);
        }

        public override string ToString() =>
            $"CrossEntropy {Head.DType} [{Targets.Length}, {Head.Columns}] of {Head.Rows}, smoothing {Smoothing}, cap {Cap}";
    }

    /// <summary>Mis-shaped arguments of gradients: the message names the operator and the shapes.</summary>
    [BackendFact]
    public void MisshapedGradients()
    {
        using Matrix x = Backend.Allocate(2, 6), y = Backend.Allocate(3, 7), two = Backend.Allocate(2, 2), wide = Backend.Allocate(2, 4);
        using Weight w = Backend.LoadWeight(Parameter("proj.weight", DType.BF16, 4, 6)), v = Backend.LoadWeight(Vector("norm", 5));
        using Indices targets = Backend.Upload([1, 4]), places = Backend.Upload([0, 1]);
        var spec = new AttentionSpec(2, 1, 3, 1);
        SequenceBatch batch = new();
        batch.Add(2, 0);
        StepTable step = Backend.Prepare(batch);
        Fails(() => Backend.Add(x, y), "Add", "[2, 6]", "[3, 7]");
        Fails(() => Backend.GatedGelu(x, y), "GatedGelu", "[2, 6]", "[3, 7]");
        Fails(() => Backend.GeluGradient(x, x, y), "GeluGradient", "[2, 6]", "[3, 7]");
        Fails(() => Backend.Dropout(x, 1, 0), "Dropout", "1");
        Fails(() => Backend.LinearInputGradient(x, w), "LinearInputGradient", "[2, 6]", "proj.weight BF16 [4, 6]");
        Fails(() => Backend.LinearWeightGradient(x, y), "LinearWeightGradient", "[2, 6]", "[3, 7]");
        Fails(() => Backend.LinearWeightGradient(wide, x, y), "LinearWeightGradient", "[2, 4]", "[3, 7]");
        Fails(() => Backend.SumRows(x, 4), "SumRows", "[2, 6]", "4");
        Fails(() => Backend.RmsNormInputGradient(x, x, v, 0), "RmsNormInputGradient", "[2, 6]", "[1, 5]");
        Fails(() => Backend.RmsNormGainGradient(x, x, 0, y), "RmsNormGainGradient", "[2, 6]", "[3, 7]");
        Fails(() => Backend.LayerNormInputGradient(x, y, v, 0), "LayerNormInputGradient", "[2, 6]", "[3, 7]");
        Fails(() => Backend.LayerNormGainGradient(x, y, 0), "LayerNormGainGradient", "[2, 6]", "[3, 7]");
        Fails(() => Backend.RopeGradient(x, y), "RopeGradient", "[2, 6]", "[3, 7]");
        Fails(() => Backend.SoftCapGradient(x, y, 1), "SoftCapGradient", "[2, 6]", "[3, 7]");
        Fails(() => Backend.AddRows(x, targets, 4), "AddRows", "4");
        Fails(() => Backend.AddRows(x, places, 4, 1, y), "AddRows", "[2, 6]", "[3, 7]");
        Fails(() => Backend.PatchKernelGradient(x, y, 2), "PatchKernelGradient", "[2, 6]", "[3, 7]");
        Fails(() => Backend.AttentionStatistics(x, x, x, y, step, spec), "AttentionStatistics", "[2, 6]", "[3, 7]");
        Fails(() => Backend.AttentionQueryGradient(x, x, x, x, x, step, spec), "AttentionQueryGradient", "[2, 6]");
        Fails(() => Backend.AttentionKeyGradient(x, x, x, x, wide, step, spec), "AttentionKeyGradient", "[2, 6]");
        Fails(() => Backend.AttentionValueGradient(y, x, x, wide, step, spec), "AttentionValueGradient", "[3, 7]");
        Fails(() => Backend.CrossEntropy(x, w, targets), "CrossEntropy", "4");
        Fails(
            () => Backend.CrossEntropyInputGradient(x, new CrossEntropy(x, w, places), two),
            "CrossEntropyInputGradient",
            "[2, 6]",
            "[2, 2]");
        Fails(
            () => Backend.CrossEntropyWeightGradient(two, new CrossEntropy(x, w, places), two, y), "CrossEntropyWeightGradient", "[3, 7]");
    }
}
