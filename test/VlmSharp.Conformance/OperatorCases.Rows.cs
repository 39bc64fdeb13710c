using VlmSharp.Compute;

namespace VlmSharp.Conformance;

/// <summary>Operators that treat each row by itself: norms, rotary embedding, soft-cap, log-softmax, argmax.</summary>
public abstract partial class BackendConformance
{
    /// <summary>Rows of every remainder, and enough rows to be shared out over threads.</summary>
    public static TheoryData<int, int> RowShapes() => new() { { 3, 0 }, { 2, 1152 }, { 70, 1152 }, { 300, 215 }, { 1, 2048 } };

    private static IEnumerable<int> Lengths(int columns) => columns == 0 ? Enumerable.Range(1, 70) : [columns];

    [Theory]
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
            }, 4e-4); // the mean is exact to 30 units, the deviations are about 0.6
        }
    }

    [Theory]
    [MemberData(nameof(RowShapes))]
    public void RmsNorm(int rows, int columns)
    {
        foreach (int length in Lengths(columns))
        {
            WeightData weight = Vector("w", length, DType.F16);
            float[] x = Numbers(rows * length), residual = Numbers(rows * length);
            foreach (bool add in new[] { false, true })
                Compare($"RmsNorm [{rows}, {length}], residual {add}", b =>
                {
                    using Weight w = b.LoadWeight(weight);
                    using Matrix input = b.Upload(x, rows, length), other = b.Upload(residual, rows, length);
                    return b.RmsNorm(input, w, 1e-6f, add ? other : default);
                }, 2e-6 * Math.Sqrt(length) / 4 + 2e-6);
        }
    }

    /// <summary>By hand: x = (3, 4), mean of squares 12.5; weight (0, 1) makes the gains (1, 2): (3, 8) / 3.5355339.</summary>
    [Fact]
    public void RmsNormByHand()
    {
        using Weight w = Backend.LoadWeight(Parameter("w", DType.F32, 1, 2, values: [0, 1]));
        using Matrix x = Backend.Upload([3, 4], 1, 2);
        Close.AssertAll("RmsNorm", [0.8485281f, 2.2627417f], Fetch(Backend, Backend.RmsNorm(x, w, 0)), 3e-7);
    }

    /// <summary>By hand: x = (1, 3), mean 2, variance 1: (-1, 1) * (2, 3) + (10, 20) = (8, 23).</summary>
    [Fact]
    public void LayerNormByHand()
    {
        using Weight w = Backend.LoadWeight(Parameter("w", DType.F32, 1, 2, values: [2, 3])), b = Backend.LoadWeight(Parameter("b", DType.F32, 1, 2, values: [10, 20]));
        using Matrix x = Backend.Upload([1, 3], 1, 2);
        Close.AssertAll("LayerNorm", [8, 23], Fetch(Backend, Backend.LayerNorm(x, w, b, 0)), 3e-6);
    }

    [Theory]
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

    [Fact]
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

    /// <summary>Near 0 the soft-cap is the identity, to relative precision: small logits must not drown in the cap.</summary>
    [Fact]
    public void SoftCapOfSmallNumbers()
    {
        float[] x = [1e-6f, -3e-5f, 1e-3f, 0.02f, -0.3f];
        using Matrix input = Backend.Upload(x, 1, x.Length);
        float[] actual = Fetch(Backend, Backend.SoftCap(input, 30));
        for (int i = 0; i < x.Length; i++)
        {
            double expected = 30 * Math.Tanh(x[i] / 30.0);
            Assert.True(Math.Abs(actual[i] - expected) <= 1e-6 * Math.Abs(expected), $"softcap({x[i]}) should be {expected}, is {actual[i]}.");
        }
    }

    [Fact]
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

    /// <summary>exp of these overflows or vanishes unless the maximum is subtracted first.</summary>
    [Fact]
    public void LogSoftmaxOfLargeLogits()
    {
        using Matrix x = Backend.Upload([100, 99, 1, 1e4f, 1e4f, -1e4f], 2, 3);
        Close.AssertAll("LogSoftmax", [-0.3132617f, -1.3132617f, -99.3132617f, -0.6931472f, -0.6931472f, -20000.6931f], Fetch(Backend, Backend.LogSoftmax(x)), 1e-5);
    }

    [Fact]
    public void ArgMax()
    {
        foreach (int length in new[] { 1, 2, 7, 8, 9, 31, 64, 70, 1023, 1025, 3000 })
            for (int trial = 0; trial < 4; trial++)
            {
                float[] x = Numbers(length);
                if (trial == 1) Array.Fill(x, -2.5f);
                if (trial == 2) x[random.Next(length)] = float.NaN;
                if (trial == 3) for (int i = 0; i < length; i++) x[i] = MathF.Round(x[i] * 2);
                int[] expected = new int[1], actual = new int[1];
                float[] expectedValue = new float[1], actualValue = new float[1];
                using (Matrix a = Oracle.Upload(x, 1, length)) Oracle.ArgMax(a, expected, expectedValue);
                using (Matrix b = Backend.Upload(x, 1, length)) Backend.ArgMax(b, actual, actualValue);
                Assert.True(expected[0] == actual[0], $"ArgMax of {length}, trial {trial}: should be {expected[0]}, is {actual[0]}.");
                Assert.Equal(expectedValue[0], actualValue[0]);
            }
    }

    [Fact]
    public void ArgMaxOfOddRows()
    {
        int[] indices = new int[4];
        float[] values = new float[4];
        using Matrix x = Backend.Upload([float.NaN, 1, 1, float.NaN, float.NaN, float.NaN, float.NegativeInfinity, float.NegativeInfinity, -5, 0, float.PositiveInfinity, float.PositiveInfinity], 4, 3);
        Backend.ArgMax(x, indices, values);
        Assert.Equal([1, 0, 2, 1], indices);
        Assert.Equal([1, float.NegativeInfinity, -5, float.PositiveInfinity], values);
    }
}
