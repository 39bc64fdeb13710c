using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Sampling;

namespace VlmSharp.Conformance;

/// <summary>Elementwise operators of training, gradients of row-wise operators, and sums over rows.</summary>
public abstract partial class BackendConformance
{
    [BackendTheory]
    [MemberData(nameof(RowShapes))]
    public void ElementByElement(int rows, int columns)
    {
        foreach (int length in Lengths(columns))
        {
            float[] a = Numbers(rows * length, 4), b = Numbers(rows * length), c = Numbers(rows * length);
            void Check(string what, Func<IComputeBackend, Matrix, Matrix, Matrix, Matrix> run, double tolerance) =>
                Compare($"{what} [{rows}, {length}]", backend =>
                {
                    using Matrix x = backend.Upload(a, rows, length),
                        y = backend.Upload(b, rows, length),
                        z = backend.Upload(c, rows, length);
                    return run(backend, x, y, z);
                }, tolerance);

            Check("Add", (backend, x, y, _) => backend.Add(x, y), 4 * Close.Unit + 5 * OperandRounding);
            Check("Scale", (backend, x, _, _) => backend.Scale(x, -1.7f), 8 * Close.Unit + 7 * OperandRounding);
            Check("Gelu", (backend, x, _, _) => backend.Gelu(x), 4e-6 + 4 * OperandRounding);
            Check("GatedGelu", (backend, x, y, _) => backend.GatedGelu(x, y), 4e-6 + 4 * OperandRounding);
            Check("GeluGradient", (backend, x, y, _) => backend.GeluGradient(y, x), 4e-6 + 4 * OperandRounding);
            Check("GeluGradient, gated", (backend, x, y, z) => backend.GeluGradient(y, x, z), 4e-6 + 4 * OperandRounding);
            Check("SoftCapGradient", (backend, x, y, _) => backend.SoftCapGradient(y, x, 5), 4e-7 + 4 * OperandRounding);
            Check("Dropout", (backend, x, _, _) => backend.Dropout(x, 0.3f, 1234567890123), 8 * Close.Unit + 6 * OperandRounding);
        }
    }

    /// <summary>The derivative of gelu_tanh where its powers overflow: 0 and 1.</summary>
    [BackendFact]
    public void GeluGradientRange()
    {
        float[] x =
        [
            0, 1e-30f, 1e-3f, 0.5f, -0.5f, -0.7517916f, 3, -3, 6, -6, 11, -11, 13, -13, 50, -50, 1e4f, -1e4f, 1e15f, -1e15f, 3e38f, -3e38f
        ];
        using Matrix at = Backend.Upload(x, 1, x.Length), one = Backend.Upload([.. x.Select(_ => 1f)], 1, x.Length);
        float[] actual = Fetch(Backend, Backend.GeluGradient(one, at));
        for (int i = 0; i < x.Length; i++)
        {
            double c = Math.Sqrt(2 / Math.PI), v = x[i], t = Math.Tanh(c * (v + 0.044715 * v * v * v));
            double expected = Math.Abs(v) > 13 ? (v > 0 ? 1 : 0) : 0.5 * (1 + t) + 0.5 * v * (1 - t * t) * c * (1 + 3 * 0.044715 * v * v);
            Assert.True(Math.Abs(expected - actual[i]) <= 1e-6 + 2 * OperandRounding, $"gelu'({v}) should be {expected}, is {actual[i]}.");
        }
    }

    /// <summary>
    /// The key and the place in the whole matrix decide which elements stay: about 7 of 10, and the same ones for any content.
    /// </summary>
    [BackendFact]
    public void DropoutKeepsItsShare()
    {
        const int Rows = 90, Columns = 1003;
        using Matrix ones = Backend.Upload([.. Enumerable.Repeat(1f, Rows * Columns)], Rows, Columns);
        float[] y = Fetch(Backend, Backend.Dropout(ones, 0.3f, -5)), all = Fetch(Backend, Backend.Dropout(ones, 0, -5));
        Assert.All(all, value => Assert.Equal(1, value));
        for (int i = 0; i < y.Length; i++)
            Assert.Equal(CounterRandom.Word(-5, i) >= (uint)(0.3f * 4294967296.0) ? 1 / 0.7 : 0, y[i], 1e-6 + 2 * OperandRounding);
        Assert.Equal(0.7, y.Count(value => value > 0) / (double)y.Length, 0.01);
    }

    [BackendTheory]
    [InlineData(1, 1, 1)]
    [InlineData(7, 1, 33)]
    [InlineData(6, 3, 5)]
    [InlineData(300, 1, 1152)]
    [InlineData(512, 256, 70)]
    [InlineData(0, 2, 9)]
    public void SumRows(int rows, int period, int columns)
    {
        float[] x = Numbers(rows * columns), sum = Numbers(period * columns);
        foreach (bool add in new[] { false, true })
            Compare($"SumRows [{rows}, {columns}] by {period}, sum {add}", b =>
            {
                using Matrix input = b.Upload(x, rows, columns), before = b.Upload(sum, period, columns);
                return b.SumRows(input, period, add ? before : default);
            }, 2 * Close.SumBound(rows / period + 1, 1) + 2 * OperandRounding);
    }

    [BackendTheory]
    [InlineData(1, 1, 1)]
    [InlineData(5, 13, 11)]
    [InlineData(200, 70, 9)]
    [InlineData(60, 1152, 300)]
    [InlineData(0, 6, 4)]
    public void AddRows(int count, int columns, int rows)
    {
        float[] x = Numbers(count * columns), sum = Numbers(rows * columns);
        int[] indices = [.. Enumerable.Range(0, count).Select(_ => random.Next(Math.Max(1, rows - 1)))];
        foreach (bool add in new[] { false, true })
            Compare($"AddRows [{count}, {columns}] to {rows}, sum {add}", b =>
            {
                using Matrix input = b.Upload(x, count, columns), before = b.Upload(sum, rows, columns);
                using Indices places = b.Upload(indices);
                return b.AddRows(input, places, rows, 2.5f, add ? before : default);
            }, 2.5 * Close.SumBound(count, 1) + 4 * OperandRounding);
    }

    [BackendTheory]
    [MemberData(nameof(RowShapes))]
    public void NormGradients(int rows, int columns)
    {
        foreach (int length in Lengths(columns))
        {
            WeightData weight = Vector("w", length, DType.F16);
            float[] x = Numbers(rows * length), dy = Numbers(rows * length), sum = Numbers(length);
            void Check(string what, Func<IComputeBackend, Matrix, Matrix, Weight, Matrix, Matrix> run, double tolerance) =>
                Compare($"{what} [{rows}, {length}]", b =>
                {
                    using Weight w = b.LoadWeight(weight);
                    using Matrix gradient = b.Upload(dy, rows, length),
                        input = b.Upload(x, rows, length),
                        before = b.Upload(sum, 1, length);
                    return run(b, gradient, input, w, before);
                }, tolerance);

            // A single number is its own mean, and its scale of 1 / sqrt(eps) multiplies the rounding error.
            double input = length < 4 ? 2e-3 : 2e-5, gain = Close.SumBound(rows, 4) + (length < 4 ? 1e-3 : 2e-5);
            Check("RmsNormInputGradient", (b, g, v, w, _) => b.RmsNormInputGradient(g, v, w, 1e-3f), input + 30 * OperandRounding);
            Check("LayerNormInputGradient", (b, g, v, w, _) => b.LayerNormInputGradient(g, v, w, 1e-3f), input + 30 * OperandRounding);
            Check(
                "RmsNormGainGradient", (b, g, v, _, _) => b.RmsNormGainGradient(g, v, 1e-3f), gain + 4 * OperandRounding * Math.Sqrt(rows));
            Check(
                "RmsNormGainGradient, sum",
                (b, g, v, _, s) => b.RmsNormGainGradient(g, v, 1e-3f, s),
                gain + 4 * OperandRounding * Math.Sqrt(rows));
            Check(
                "LayerNormGainGradient",
                (b, g, v, _, _) => b.LayerNormGainGradient(g, v, 1e-3f),
                gain + 4 * OperandRounding * Math.Sqrt(rows));
            Check(
                "LayerNormGainGradient, sum",
                (b, g, v, _, s) => b.LayerNormGainGradient(g, v, 1e-3f, s),
                gain + 4 * OperandRounding * Math.Sqrt(rows));
        }
    }

    [BackendTheory]
    [InlineData(2, 1)]
    [InlineData(18, 3)]
    [InlineData(36, 2)]
    [InlineData(256, 8)]
    public void RopeGradient(int headDim, int heads)
    {
        SequenceBatch batch = Ragged(40, 3);
        int rows = batch.TotalRows;
        float[] dy = Numbers(rows * heads * headDim);
        Compare($"RopeGradient {heads} x {headDim}", b =>
        {
            using Matrix gradient = b.Upload(dy, rows, heads * headDim), angles = b.RotaryAngles(b.Prepare(batch), headDim, 10000, 1);
            return b.RopeGradient(gradient, angles);
        }, 8 * Close.Unit + 2 * OperandRounding);
    }
}
