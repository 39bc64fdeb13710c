using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Conformance;

/// <summary>Linear layers, patch embedding and the embedding lookup.</summary>
public abstract partial class BackendConformance
{
    /// <summary>Rows, inputs, outputs: around every register width and tile, and a few that fill blocks.</summary>
    public static TheoryData<int, int, int> ProductShapes() => new()
    {
        { 1, 1, 1 }, { 1, 3, 5 }, { 2, 8, 4 }, { 3, 84, 133 }, { 5, 133, 215 }, { 7, 1, 9 }, { 8, 16, 3 }, { 9, 17, 1 },
        { 11, 64, 70 }, { 12, 65, 17 }, { 13, 31, 6 }, { 15, 84, 12 }, { 16, 256, 96 }, { 17, 257, 97 }, { 31, 33, 63 }, { 33, 300, 25 },
        { 64, 64, 64 }, { 65, 513, 30 }, { 100, 48, 215 }, { 400, 20, 26 }, { 0, 12, 7 },
        { 1, 64, 9 }, { 2, 96, 5 }, { 1, 192, 131 }, { 5, 320, 66 }, { 12, 352, 7 }, { 14, 640, 50 }, { 1, 8256, 6 },
        { 2, 2112, 9 }, { 3, 1088, 5 }, { 8, 2112, 33 }, { 12, 1088, 7 }, // a few rows with several steps of groups, and a rest
        { 20, 320, 40 }, { 401, 320, 26 }, // last panels are half empty; several parts and several blocks
    };

    private static readonly DType[] FloatFormats = [DType.F32, DType.BF16, DType.F16];

    private const int MostOf16Bits = 32767, MostOf8Bits = 127;

    /// <summary>Whether activations beside weights of 8 bits are rounded to 8 bits too, and not to 16.</summary>
    protected virtual bool ByteActivations => false;

    // Beside weights of 4 bits a backend may round activations to 8 bits.
    private bool RoundsToBytes(DType dtype) => dtype == DType.Int4 || (dtype == DType.Int8 && ByteActivations);

    private double ProductBound(DType dtype, int inputs) =>
        Close.SumBound(inputs, 1) + Rounding(inputs, 1) + (RoundsActivations(dtype) ? RoundingBound(inputs, MostOf16Bits) : 0);

    private static bool RoundsActivations(DType dtype) => dtype is DType.Int8 or DType.Int4;

    // Each is off by up to half a step of the largest, at random.
    private static double RoundingBound(int inputs, int most) => 4 * Math.Sqrt(inputs) / (2 * most) / Math.Sqrt(3);

    // Activations that 8 bits hold exactly, so that a product can be looked at closely: whole multiples, to 127, of a power of two that
    // changes from group to group, 32 activations each.
    private float[] Activations(DType dtype, int count)
    {
        if (!RoundsToBytes(dtype)) return Numbers(count);
        float[] x = new float[count];
        float step = 0;
        for (int i = 0; i < count; i++)
        {
            bool first = i % 32 == 0;
            if (first) step = MathF.ScaleB(1, -7 - random.Next(3));
            x[i] = step * (first ? MostOf8Bits : random.Next(-MostOf8Bits, MostOf8Bits + 1));
        }

        return x;
    }

    [BackendTheory]
    [MemberData(nameof(ProductShapes))]
    public void Linear(int rows, int inputs, int outputs)
    {
        if ((long)rows * inputs * outputs > MostMultiplications) return;
        foreach (DType dtype in Formats(inputs))
        {
            WeightData weight = Parameter("w", dtype, outputs, inputs);
            WeightData bias = Vector("b", outputs, dtype.IsQuantized() ? DType.BF16 : dtype);
            float[] x = Activations(dtype, rows * inputs), residual = Numbers(rows * outputs);
            double bound = ProductBound(dtype, inputs) + 8 * Close.Unit * 3;
            for (int variant = 0; variant < 5; variant++)
            {
                bool withBias = variant is 1 or 3 or 4, withResidual = variant is 2 or 4;
                Activation activation = variant >= 3 ? Activation.GeluTanh : Activation.None;
                Compare($"Linear {dtype} [{rows}, {inputs}] -> {outputs}, bias {withBias}, {activation}, residual {withResidual}", b =>
                {
                    using Weight w = b.LoadWeight(weight), v = b.LoadWeight(bias);
                    using Matrix input = b.Upload(x, rows, inputs), add = b.Upload(residual, rows, outputs);
                    return b.Linear(input, w, withBias ? v : null, activation, withResidual ? add : default);
                }, bound);
            }
        }
    }

    /// <summary>Activations that 8 bits cannot hold: the error of rounding them stays within its bound.</summary>
    [BackendTheory]
    [MemberData(nameof(ProductShapes))]
    public void LinearOfRoundedActivations(int rows, int inputs, int outputs)
    {
        if ((long)rows * inputs * outputs > MostMultiplications) return;
        foreach (DType dtype in Formats(inputs).Where(RoundsToBytes))
        {
            WeightData weight = Parameter("w", dtype, outputs, inputs);
            float[] x = Numbers(rows * inputs);
            Compare($"Linear {dtype} [{rows}, {inputs}] -> {outputs}", b =>
            {
                using Weight w = b.LoadWeight(weight);
                using Matrix input = b.Upload(x, rows, inputs);
                return b.Linear(input, w);
            }, ProductBound(DType.F32, inputs) + RoundingBound(inputs, MostOf8Bits));
        }
    }

    /// <summary>
    /// The largest integers that a group can hold, all of one sign: no partial sum may wrap or saturate. The sums of integers are exact,
    /// apart from the rounding of activations.
    /// </summary>
    [BackendTheory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(16)]
    [InlineData(21)]
    public void LargestIntegers(int rows)
    {
        const int Inputs = 512, Outputs = 17;
        foreach (DType dtype in new[] { DType.Int8, DType.Int4 })
        {
            foreach (float sign in new[] { 1f, -1f })
            {
                // The first nibble is -8, the others are 7.
                IEnumerable<int> places = Enumerable.Range(0, Outputs * Inputs);
                float[] w = [.. places.Select(i => dtype == DType.Int8 ? 127 : i % dtype.GroupSize() == 0 ? -8f : 7)];
                float[] x = [.. Enumerable.Repeat(127 * sign, rows * Inputs)];
                WeightData weight = Parameter("w", dtype, Outputs, Inputs, values: w);
                Compare($"Linear {dtype} [{rows}, {Inputs}], largest integers times {sign}", b =>
                {
                    using Weight loaded = b.LoadWeight(weight);
                    using Matrix input = b.Upload(x, rows, Inputs);
                    return b.Linear(input, loaded);
                }, 127 * 127 * Inputs * 1e-5);
            }
        }
    }

    /// <summary>
    /// Activations that are too small to be rounded to integers give zero; those that are not finite give NaN. No other row is affected.
    /// </summary>
    [BackendTheory]
    [InlineData(1)]
    [InlineData(16)]
    public void OddActivationsOfQuantizedWeights(int rows)
    {
        const int Inputs = 64;
        foreach (DType dtype in new[] { DType.Int8, DType.Int4 })
        {
            foreach (float odd in new[] { 1e-36f, float.Epsilon, float.PositiveInfinity, float.NegativeInfinity, float.NaN })
            {
                float[] x = new float[rows * Inputs];
                Array.Fill(x, 1, Inputs, x.Length - Inputs);
                x[3] = odd;
                WeightData weight = Parameter("w", dtype, 1, Inputs, values: [.. Enumerable.Repeat(1f, Inputs)]);
                using Weight w = Backend.LoadWeight(weight);
                using Matrix input = Backend.Upload(x, rows, Inputs);
                float[] y = Fetch(Backend, Backend.Linear(input, w));
                if (float.IsFinite(odd)) Assert.InRange(y[0], 0, 2e-36f);
                else Assert.False(float.IsFinite(y[0]), $"{dtype}: {odd} gives {y[0]}");
                for (int row = 1; row < rows; row++) Assert.Equal(Inputs, y[row], 0.02);
            }
        }
    }

    /// <summary>Some outputs alone, in any order and twice, equal those of the whole layer bit for bit.</summary>
    [BackendTheory]
    [MemberData(nameof(ProductShapes))]
    public void LinearRows(int rows, int inputs, int outputs)
    {
        if ((long)rows * inputs * outputs > MostMultiplications) return;
        foreach (DType dtype in Formats(inputs))
        {
            WeightData weight = Parameter("w", dtype, outputs, inputs);
            float[] x = Activations(dtype, rows * inputs);
            foreach (int count in new[] { 0, 1, 2, (outputs + 1) / 2, 2 * outputs + 1 })
            {
                int[] places = [.. Enumerable.Range(0, count).Select(_ => random.Next(outputs))];
                string what = $"LinearRows {dtype} [{rows}, {inputs}] -> {count} of {outputs}";
                Compare(what, b => Some(b, weight, x, places), ProductBound(dtype, inputs));

                using Weight w = Backend.LoadWeight(weight);
                using Matrix input = Backend.Upload(x, rows, inputs);
                float[] all = Fetch(Backend, Backend.Linear(input, w)), some = Fetch(Backend, Some(Backend, weight, x, places));
                for (int i = 0; i < some.Length; i++)
                {
                    float whole = all[i / count * outputs + places[i % count]];
                    Assert.True(some[i].Equals(whole), $"{what}: element {i} is not the whole layer's.");
                }
            }
        }

        Matrix Some(IComputeBackend b, WeightData weight, float[] x, int[] places)
        {
            using Weight w = b.LoadWeight(weight);
            using Matrix input = b.Upload(x, rows, inputs);
            return b.LinearRows(input, w, places);
        }
    }

    [BackendTheory]
    [MemberData(nameof(ProductShapes))]
    public void GatedLinear(int rows, int inputs, int outputs)
    {
        if ((long)rows * inputs * outputs > MostMultiplications) return;
        // The two parameters of a layer may be stored in different formats: some checkpoints keep a few tensors in f32.
        foreach (DType gateFormat in Formats(inputs))
        {
            foreach (DType upFormat in Formats(inputs)) CompareGated(rows, inputs, outputs, gateFormat, upFormat);
        }
    }

    private void CompareGated(int rows, int inputs, int outputs, DType gateFormat, DType upFormat)
    {
        // The weights are so small that gate and up stay near 1, where the bound of a product of two sums is the sum of their bounds.
        float scale = 1 / MathF.Sqrt(inputs);
        WeightData gate = Parameter("gate", gateFormat, outputs, inputs, scale), up = Parameter("up", upFormat, outputs, inputs, scale);
        float[] x = Activations(RoundsToBytes(gateFormat) ? gateFormat : upFormat, rows * inputs);
        double bound = RoundsActivations(gateFormat) || RoundsActivations(upFormat)
            ? scale * (Close.SumBound(inputs, 1) + RoundingBound(inputs, MostOf16Bits))
            : Close.SumBound(inputs, scale);
        Compare($"GatedLinear {gateFormat}, {upFormat} [{rows}, {inputs}] -> {outputs}", b =>
        {
            using Weight g = b.LoadWeight(gate), u = b.LoadWeight(up);
            using Matrix input = b.Upload(x, rows, inputs);
            return b.GatedLinear(input, g, u);
        }, 6 * bound + 4 * Rounding(inputs, scale) + 16 * Close.Unit);
    }

    /// <summary>
    /// Every length of a row from 1 to 70, so that each remainder of each register width and unrolling occurs, for few rows and many.
    /// </summary>
    [BackendTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(19)]
    public void LinearLengths(int rows)
    {
        for (int inputs = 1; inputs <= 70; inputs++)
        {
            WeightData weight = Parameter("w", inputs % 2 == 0 ? DType.BF16 : DType.F16, 7, inputs);
            float[] x = Numbers(rows * inputs);
            Compare($"Linear [{rows}, {inputs}]", b =>
            {
                using Weight w = b.LoadWeight(weight);
                using Matrix input = b.Upload(x, rows, inputs);
                return b.Linear(input, w);
            }, ProductBound(DType.F32, inputs));
        }
    }

    /// <summary>binary16 has subnormals, infinities and NaN; widening must keep them.</summary>
    [BackendFact]
    public void HalfPrecisionSpecials()
    {
        float[] specials =
        [
            6e-8f, -6e-5f, 65504, -65504, 0, -0f, float.PositiveInfinity, float.NegativeInfinity, float.NaN,
            1, -1, 6.1e-5f, 0.333f, 2, 3, 4, 5,
        ];
        WeightData table = Parameter("table", DType.F16, 1, specials.Length, values: specials);
        Compare("Embed F16", b =>
        {
            using Weight w = b.LoadWeight(table);
            return b.Embed(w, [0], 1);
        }, 0);
    }

    /// <summary>
    /// By hand: x = (1, 2), W = ((3, 4), (5, 6)), b = (10, -20): x W^T = (11, 17), with bias (21, -3); residual (1, 1) gives (22, -2).
    /// gelu_tanh(21) = 21, gelu_tanh(-3) = -0.0036374.
    /// </summary>
    [BackendFact]
    public void LinearByHand()
    {
        using Weight w = Backend.LoadWeight(Parameter("w", DType.F32, 2, 2, values: [3, 4, 5, 6]));
        using Weight bias = Backend.LoadWeight(Parameter("b", DType.F32, 1, 2, values: [10, -20]));
        using Matrix x = Backend.Upload([1, 2], 1, 2), residual = Backend.Upload([1, 1], 1, 2);
        Assert.Equal([11, 17], Fetch(Backend, Backend.Linear(x, w)));
        Assert.Equal([22, -2], Fetch(Backend, Backend.Linear(x, w, bias, Activation.None, residual)));
        float[] actual = Fetch(Backend, Backend.Linear(x, w, bias, Activation.GeluTanh));
        Close.AssertAll("gelu", [21, -0.0036374f], actual, 1e-6 + 0.004 * OperandRounding); // 21 is bf16
    }

    /// <summary>gelu_tanh far outside the range where exp is finite, and at every scale inside.</summary>
    [BackendFact]
    public void GeluRange()
    {
        float[] x =
        [
            0, -0f, 1e-30f, -1e-30f, 1e-5f, 1e-3f, -1e-3f, 0.5f, -0.5f, 3, -3, 6, -6, 10, -10, 50, -50,
            1e4f, -1e4f, 1e15f, -1e15f, 3e38f,
        ];
        using Weight one = Backend.LoadWeight(Parameter("one", DType.F32, 1, 1, values: [1]));
        using Matrix column = Backend.Upload(x, x.Length, 1);
        float[] actual = Fetch(Backend, Backend.Linear(column, one, null, Activation.GeluTanh));
        for (int i = 0; i < x.Length; i++)
        {
            // x is an operand and y may be one: y lies between the results of the smallest and the largest x after rounding, and is rounded
            // again.
            double expected = Gelu(x[i]), spread = Math.Abs(Gelu(x[i] * (1 + OperandRounding)) - Gelu(x[i] * (1 - OperandRounding)));
            double bound = 1e-6 * Math.Max(1e-3, Math.Abs(expected)) + spread + OperandRounding * Math.Abs(expected);
            Assert.True(Math.Abs(expected - actual[i]) <= bound, $"gelu({x[i]}) should be {expected}, is {actual[i]}.");
        }

        static double Gelu(double x) => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }

    [BackendTheory]
    [InlineData(1, 4, 2, 5)]
    [InlineData(3, 6, 2, 17)]
    [InlineData(2, 28, 14, 30)]
    [InlineData(2, 9, 3, 1)]
    [InlineData(1, 7, 2, 3)]
    public void PatchEmbed(int images, int side, int patch, int features)
    {
        int places = side / patch * (side / patch);
        foreach (DType dtype in FloatFormats)
        {
            WeightData kernel = Parameter("kernel", dtype, features, 3 * patch * patch), bias = Vector("bias", features, dtype);
            WeightData positions = Parameter("positions", dtype, places, features);
            float[] pixels = Numbers(images * 3 * side * side);
            Compare($"PatchEmbed {dtype} {images} x {side}/{patch} -> {features}", b =>
            {
                using Weight k = b.LoadWeight(kernel), v = b.LoadWeight(bias), p = b.LoadWeight(positions);
                using Matrix x = b.Upload(pixels, images, 3 * side * side);
                return b.PatchEmbed(x, k, v, p, patch);
            }, ProductBound(DType.F32, 3 * patch * patch) + 8 * Close.Unit);
        }
    }

    [BackendFact]
    public void Embed()
    {
        foreach (int features in new[] { 1, 3, 8, 16, 33, 64, 84, 96, 192 })
            foreach (DType dtype in Formats(features))
            {
                WeightData table = Parameter("table", dtype, 11, features);
                Compare($"Embed {dtype} {features}", b =>
                {
                    using Weight w = b.LoadWeight(table);
                    return b.Embed(w, [10, 0, 3, 3, 7], 45.25f);
                }, 45.25 * 2 * Close.Unit);
            }
    }

    [BackendFact]
    public void RowsAreMoved()
    {
        using Matrix x = Backend.Upload([1, 2, 3, 4, 5, 6], 3, 2), rows = Backend.Upload([7, 8, 9, 10], 2, 2);
        Assert.Equal([9, 10, 3, 4, 7, 8], Fetch(Backend, Backend.ReplaceRows(x, rows, [2, 0])));
        Assert.Equal([5, 6, 5, 6, 1, 2], Fetch(Backend, Backend.SelectRows(x, [2, 2, 0])));
    }
}
