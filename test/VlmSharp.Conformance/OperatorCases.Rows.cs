using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Conformance;

/// <summary>Row-wise operators: norms, rotary embedding, soft-cap, log-softmax, argmax.</summary>
public abstract partial class BackendConformance
{
    /// <summary>Row lengths of every remainder, and enough rows to be split over threads.</summary>
    public static TheoryData<int, int> RowShapes() => new() { { 3, 0 }, { 2, 1152 }, { 70, 1152 }, { 300, 215 }, { 1, 2048 } };

    private static IEnumerable<int> Lengths(int columns) => columns == 0 ? Enumerable.Range(1, 70) : [columns];

    [BackendTheory]
    [MemberData(nameof(RowShapes))]
    public void LayerNorm(int rows, int columns)
    {
        foreach (int length in Lengths(columns))
        {
            WeightData weight = Vector("w", length, DType.BF16), bias = Vector("b", length);
            // A mean far from 0: the variance must not be the difference of two large numbers.
            float[] x = Numbers(rows * length);
            for (int i = 0; i < x.Length; i++) x[i] += 30;
            Compare($"LayerNorm [{rows}, {length}]", b =>
            {
                using Weight w = b.LoadWeight(weight), v = b.LoadWeight(bias);
                using Matrix input = b.Upload(x, rows, length);
                return b.LayerNorm(input, w, v, 1e-3f);
            }, 4e-4 + 3 * OperandRounding); // results up to 3; the mean is exact to 30 units, the deviations are about 0.6
        }
    }

    [BackendTheory]
    [MemberData(nameof(RowShapes))]
    public void RmsNorm(int rows, int columns)
    {
        foreach (int length in Lengths(columns))
        {
            WeightData weight = Vector("w", length, DType.F16);
            float[] x = Numbers(rows * length), residual = Numbers(rows * length);
            foreach (bool add in new[] { false, true })
            {
                // Results are up to 4, and a sum is not an operand of a product.
                double tolerance = 2e-6 * Math.Sqrt(length) / 4 + 2e-6 + (add ? 0 : 4 * OperandRounding);
                Compare($"RmsNorm [{rows}, {length}], residual {add}", b =>
                {
                    using Weight w = b.LoadWeight(weight);
                    using Matrix input = b.Upload(x, rows, length), other = b.Upload(residual, rows, length);
                    return b.RmsNorm(input, w, 1e-6f, add ? other : default);
                }, tolerance);
            }
        }
    }

    /// <summary>By hand: x = (3, 4), mean of squares 12.5; weight (0, 1) makes the gains (1, 2): (3, 8) / 3.5355339.</summary>
    [BackendFact]
    public void RmsNormByHand()
    {
        using Weight w = Backend.LoadWeight(Parameter("w", DType.F32, 1, 2, values: [0, 1]));
        using Matrix x = Backend.Upload([3, 4], 1, 2);
        Close.AssertAll("RmsNorm", [0.8485281f, 2.2627417f], Fetch(Backend, Backend.RmsNorm(x, w, 0)), 3e-7 + 2.3 * OperandRounding);
    }

    /// <summary>By hand: x = (1, 3), mean 2, variance 1: (-1, 1) * (2, 3) + (10, 20) = (8, 23).</summary>
    [BackendFact]
    public void LayerNormByHand()
    {
        using Weight w = Backend.LoadWeight(Parameter("w", DType.F32, 1, 2, values: [2, 3]));
        using Weight b = Backend.LoadWeight(Parameter("b", DType.F32, 1, 2, values: [10, 20]));
        using Matrix x = Backend.Upload([1, 3], 1, 2);
        Close.AssertAll("LayerNorm", [8, 23], Fetch(Backend, Backend.LayerNorm(x, w, b, 0)), 3e-6);
    }

    [BackendTheory]
    [InlineData(2, 1)]
    [InlineData(18, 3)]
    [InlineData(36, 2)]
    [InlineData(72, 2)]
    [InlineData(256, 8)]
    public void Rope(int headDim, int heads)
    {
        using var first = Backend.CreateKvCache(1, 4, 600);
        using var past = new SequenceBatchBuilder(Backend, 4, 500);
        SequenceBatch batch = past.Batch;
        batch.Add(3, 3, past.Cache);
        batch.Add(40, 0, first);
        float[] x = Numbers(batch.TotalRows * heads * headDim);
        int rows = batch.TotalRows;
        // The angle itself is one fp32 product, the same everywhere; its sine and cosine may differ by a unit.
        Compare($"RotaryAngles {headDim}", b => b.RotaryAngles(batch, headDim, 10000, 1), 2 * Close.Unit);
        Compare($"Rope {heads} x {headDim}", b =>
        {
            using Matrix input = b.Upload(x, rows, heads * headDim), angles = b.RotaryAngles(batch, headDim, 10000, 1);
            return b.Rope(input, angles);
        }, 8 * Close.Unit);
    }

    [BackendFact]
    public void SoftCap()
    {
        for (int length = 1; length <= 70; length++)
        {
            float[] x = Numbers(2 * length, 100);
            if (length > 5) (x[0], x[1], x[2], x[3], x[4]) = (0, 1e-20f, 1e30f, -1e30f, -1e-3f);
            Compare($"SoftCap {length}", b =>
            {
                using Matrix input = b.Upload(x, 2, length);
                return b.SoftCap(input, 30);
            }, 30 * 6 * Close.Unit);
        }
        Compare("SoftCap of a vocabulary", b =>
        {
            using Matrix input = b.Upload(Enumerable.Range(0, 100003).Select(i => (i - 50000) / 300f).ToArray(), 1, 100003);
            return b.SoftCap(input, 50);
        }, 50 * 6 * Close.Unit);
    }

    /// <summary>Near 0 the soft-cap is the identity, to relative precision: it must not lose the digits of small logits.</summary>
    [BackendFact]
    public void SoftCapOfSmallNumbers()
    {
        float[] x = [1e-6f, -3e-5f, 1e-3f, 0.02f, -0.3f];
        using Matrix input = Backend.Upload(x, 1, x.Length);
        float[] actual = Fetch(Backend, Backend.SoftCap(input, 30));
        for (int i = 0; i < x.Length; i++)
        {
            double expected = 30 * Math.Tanh(x[i] / 30.0);
            Assert.True(Math.Abs(actual[i] - expected) <= 1e-6 * Math.Abs(expected),
                $"softcap({x[i]}) should be {expected}, is {actual[i]}.");
        }
    }

    /// <summary>Far from 0 the soft-cap equals the cap, even where exp overflows. NaN stays NaN.</summary>
    [BackendFact]
    public void SoftCapOfLargeNumbers()
    {
        float[] x = [600, -601, 3000, -1e30f, float.MaxValue, float.PositiveInfinity, float.NegativeInfinity, float.NaN];
        using Matrix input = Backend.Upload(x, 1, x.Length);
        float[] actual = Fetch(Backend, Backend.SoftCap(input, 30));
        Close.AssertAll("SoftCap", [30, -30, 30, -30, 30, 30, -30, float.NaN], actual, 30 * 4 * Close.Unit);
    }

    [BackendFact]
    public void LogSoftmax()
    {
        for (int length = 1; length <= 70; length++)
        {
            float[] x = Numbers(3 * length, 20);
            Compare($"LogSoftmax {length}", b =>
            {
                using Matrix input = b.Upload(x, 3, length);
                return b.LogSoftmax(input);
            }, 64 * Close.Unit * 4);
        }
    }

    /// <summary>exp of these numbers overflows or vanishes unless the maximum is subtracted first.</summary>
    [BackendFact]
    public void LogSoftmaxOfLargeLogits()
    {
        using Matrix x = Backend.Upload([100, 99, 1, 1e4f, 1e4f, -1e4f], 2, 3);
        float[] expected = [-0.3132617f, -1.3132617f, -99.3132617f, -0.6931472f, -0.6931472f, -20000.6931f];
        Close.AssertAll("LogSoftmax", expected, Fetch(Backend, Backend.LogSoftmax(x)), 1e-5);
    }

    /// <summary>
    /// The first index of the largest element, and its log-probability, which equals that of the backend's log-softmax to the last bit.
    /// </summary>
    [BackendFact]
    public void ChooseGreedily()
    {
        foreach (int length in new[] { 1, 2, 7, 8, 9, 31, 64, 70, 1023, 1025, 3000 })
            for (int trial = 0; trial < 4; trial++)
            {
                float[] x = Numbers(length);
                if (trial == 1) Array.Fill(x, -2.5f);
                if (trial == 2) x[random.Next(length)] = float.NegativeInfinity;
                if (trial == 3) for (int i = 0; i < length; i++) x[i] = MathF.Round(x[i] * 2);
                using Matrix a = Oracle.Upload(x, 1, length), b = Backend.Upload(x, 1, length);
                int expected = Oracle.ChooseGreedily(a).Ids[0];
                (int[] actual, float[] logProbabilities) = Backend.ChooseGreedily(b);
                Assert.True(expected == actual[0], $"Choose among {length}, trial {trial}: should be {expected}, is {actual[0]}.");
                float logProbability = Fetch(Backend, Backend.LogSoftmax(b))[expected];
                Assert.Equal(float.IsNaN(logProbability) ? float.NegativeInfinity : logProbability, logProbabilities[0]);
            }
    }

    /// <summary>NaN is never chosen if there is a number, and no log-probability is NaN.</summary>
    [BackendFact]
    public void ChooseGreedilyAmongOddNumbers()
    {
        float[] x =
        [
            float.NaN, 1, 1,
            float.NaN, float.NaN, float.NaN,
            float.NegativeInfinity, float.NegativeInfinity, -5,
            0, float.PositiveInfinity, float.PositiveInfinity,
        ];
        using Matrix scores = Backend.Upload(x, 4, 3);
        (int[] ids, float[] logProbabilities) = Backend.ChooseGreedily(scores);
        Assert.Equal([1, 0, 2, 1], ids);
        Assert.All(logProbabilities, value => Assert.False(float.IsNaN(value)));
        Assert.Equal(0, logProbabilities[2]);
    }

    /// <summary>
    /// The draws of each row equal those of the oracle, whatever the rules of other rows. Random numbers in steps of 1/16 stay away from
    /// the border between two tokens.
    /// </summary>
    [BackendFact]
    public void ChooseByRules()
    {
        const int Vocabulary = 700;
        TokenRule[] rules =
        [
            new TokenRule { IsSampling = true, Temperature = 0.7f, TopK = 50, Seed = 1, PromptLength = 2 },
            new TokenRule { Candidates = 3 },
            new TokenRule { IsSampling = true, TopP = 0.8f, Seed = -5, PromptLength = 1 },
            new TokenRule { IsSkipped = true },
            new TokenRule { IsSampling = true, Temperature = 2, MinP = 0.1f, Seed = long.MaxValue, Candidates = 5 },
        ];
        float[] x = [.. Numbers(rules.Length * Vocabulary, 8).Select(value => MathF.Round(value * 16) / 16)];
        var batch = new SequenceBatch();
        batch.Add(4, 0);
        for (int i = 1; i < rules.Length; i++) batch.Add(i, 0);
        float[] expected = Choose(Oracle), actual = Choose(Backend);
        for (int i = 0; i < rules.Length; i++)
        {
            if (rules[i].IsSkipped) continue;
            ChosenToken a = new(expected.AsSpan(12 * i, 12)), b = new(actual.AsSpan(12 * i, 12));
            Assert.Equal(a.Id, b.Id);
            Assert.Equal(a.LogProbability, b.LogProbability, 1e-4f);
            for (int n = 0; n < rules[i].Candidates; n++)
            {
                Assert.Equal(a.Candidate(n).Id, b.Candidate(n).Id);
                Assert.Equal(a.Candidate(n).LogProbability, b.Candidate(n).LogProbability, 1e-4f);
            }
        }

        float[] Choose(IComputeBackend backend)
        {
            using Matrix logits = backend.Upload(x, rules.Length, Vocabulary);
            return Fetch(backend, backend.Choose(logits, backend.Prepare(batch), new ChoiceRules(rules)));
        }
    }

    /// <summary>A chosen token goes into the next embedding without being read by the host.</summary>
    [BackendFact]
    public void EmbedWhatWasChosen()
    {
        const int Vocabulary = 30, Features = 12;
        float[] scores = new float[3 * Vocabulary];
        (scores[7], scores[Vocabulary + 29], scores[2 * Vocabulary]) = (1, 1, 1);
        WeightData table = Parameter("table", DType.BF16, Vocabulary, Features);
        using Weight weight = Backend.LoadWeight(table);
        using Matrix logits = Backend.Upload(scores, 3, Vocabulary);
        var batch = new SequenceBatch();
        for (int i = 0; i < 3; i++) batch.Add(1, 0);
        using Matrix choice = Backend.Choose(logits, Backend.Prepare(batch), new ChoiceRules(new TokenRule[3]));
        using Indices mixed = Backend.Upload([-2, 5, -1, -3]);
        float[] known = Fetch(Backend, Backend.Embed(weight, [29, 5, 7, 0], 3));
        float[] chosen = Fetch(Backend, Backend.Embed(weight, mixed, 3, choice));
        Assert.Equal(known, chosen);
        Fails(() => Backend.Embed(weight, mixed, 3), "Embed", "-3");
    }

    [BackendFact]
    public void JoinedRows()
    {
        float[] a = Numbers(6), b = Numbers(3), c = Numbers(9);
        using Matrix x = Backend.Upload(a, 2, 3), y = Backend.Upload(b, 1, 3), z = Backend.Upload(c, 3, 3), other = Backend.Allocate(1, 4);
        Assert.Equal([.. b, .. a, .. c], Fetch(Backend, Backend.JoinRows([y, x, z])));
        Fails(() => Backend.JoinRows([x, other]), "JoinRows", "[1, 4]");
    }
}
