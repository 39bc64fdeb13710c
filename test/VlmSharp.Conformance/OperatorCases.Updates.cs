using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Conformance;

/// <summary>Operators that change parameters: optimizer steps and assignments.</summary>
public abstract partial class BackendConformance
{
    /// <summary>Lengths with every remainder of a register, of a block of 256 and of the part of a thread.</summary>
    public static TheoryData<int, int, DType> Updated() => new()
    {
        { 1, 1, DType.F32 }, { 3, 67, DType.F32 }, { 3, 67, DType.BF16 }, { 70, 1152, DType.F32 }, { 65, 1153, DType.BF16 },
        { 1, 131, DType.F32 },
    };

    [BackendTheory]
    [MemberData(nameof(Updated))]
    public void AdamW(int rows, int columns, DType dtype)
    {
        float[] start = Numbers(rows * columns);
        float[][] gradients = [.. Enumerable.Range(0, 3).Select(_ => Numbers(rows * columns, 3))];
        foreach (float decay in new[] { 0, 0.01f })
            CompareUpdate($"AdamW [{rows}, {columns}] {dtype}, decay {decay}",
                dtype, rows, columns, start, states: 2, (b, weight, master, states) =>
            {
                for (int t = 0; t < gradients.Length; t++)
                {
                    using Matrix gradient = b.Upload(gradients[t], rows, columns);
                    b.AdamW(weight, gradient, states[0], states[1], new AdamStep(t + 1, 0.05, decay, GradientFactor: 0.25), master);
                }
            });
    }

    [BackendTheory]
    [MemberData(nameof(Updated))]
    public void Sgd(int rows, int columns, DType dtype)
    {
        float[] start = Numbers(rows * columns);
        float[][] gradients = [.. Enumerable.Range(0, 3).Select(_ => Numbers(rows * columns, 3))];
        foreach (float momentum in new[] { 0, 0.9f })
            CompareUpdate($"Sgd [{rows}, {columns}] {dtype}, momentum {momentum}",
                dtype, rows, columns, start, states: 1, (b, weight, master, states) =>
            {
                foreach (float[] values in gradients)
                {
                    using Matrix gradient = b.Upload(values, rows, columns);
                    b.Sgd(weight, gradient, 0.05f, momentum > 0 ? states[0] : default, momentum, 0.02f, 0.5f, master);
                }
            });
    }

    /// <summary>
    /// The first step, from moments of 0, and later steps. A moment near the border between two codes may be rounded to either, so moments
    /// are compared in steps of the map, and the results of later steps leave room for that.
    /// </summary>
    [BackendTheory]
    [MemberData(nameof(Updated))]
    public void AdamW8Bit(int rows, int columns, DType dtype)
    {
        float[] start = Numbers(rows * columns);
        float[][] gradients = [.. Enumerable.Range(0, 3).Select(_ => Numbers(rows * columns, 3))];
        foreach (int steps in new[] { 1, 3 })
        {
            (float[] Weight, byte[] First, byte[] Second, float[] Scales) expected = Run(Oracle), actual = Run(Backend);
            string what = $"AdamW8Bit [{rows}, {columns}] {dtype}, {steps} steps";
            Close.AssertAll(what, expected.Weight, actual.Weight, steps == 1 && dtype == DType.F32 ? 2e-7 : 0.01);
            Close.AssertAll(what + ", scales", expected.Scales, actual.Scales, steps == 1 ? 1e-6 : 0.01);
            AssertCodes(what + ", first", expected.First, actual.First);
            AssertCodes(what + ", second", expected.Second, actual.Second);

            (float[], byte[], byte[], float[]) Run(IComputeBackend b)
            {
                long count = (long)rows * columns;
                using Weight weight = b.LoadWeight(Parameter("w", dtype, rows, columns, values: start) with { IsWritable = true });
                using Matrix master = dtype == DType.BF16 ? b.Upload(start, rows, columns) : default;
                MatrixShape codes = Compute.Operators.AdamW8Bit.CodesOf(count), scales = Compute.Operators.AdamW8Bit.ScalesOf(count);
                Matrix first = Zeros(b, codes), second = Zeros(b, codes), firstScales = Zeros(b, scales), secondScales = Zeros(b, scales);
                for (int t = 0; t < steps; t++)
                {
                    using Matrix gradient = b.Upload(gradients[t], rows, columns);
                    b.AdamW8Bit(
                        weight, gradient, first, firstScales, second, secondScales, new AdamStep(t + 1, 0.05, 0.01, GradientFactor: 0.25),
                        master);
                }

                return (ReadWeight(b, weight), Bytes(Fetch(b, first)), Bytes(Fetch(b, second)), [
                    .. Fetch(b, firstScales), .. Fetch(b, secondScales)
                ]);
            }
        }
    }

    /// <summary>
    /// By hand: m = 0.1 * 2, v = 0.001 * 4; corrected they are 2 and 4. The step is the rate times 2 / 2; the decay takes 0.1 of 5.
    /// </summary>
    [BackendFact]
    public void AdamWByHand()
    {
        using Weight weight = Backend.LoadWeight(Parameter("w", DType.F32, 1, 2, values: [5, -5]) with { IsWritable = true });
        using Matrix gradient = Backend.Upload([1, -1], 1, 2), first = Zeros(Backend, new(1, 2)), second = Zeros(Backend, new(1, 2));
        Backend.AdamW(weight, gradient, first, second, new AdamStep(1, 0.25, 0.1, GradientFactor: 2));
        Close.AssertAll("AdamW", [4.25f, -4.25f], ReadWeight(Backend, weight), 1e-6);
        Close.AssertAll("first moment", [0.2f, -0.2f], Fetch(Backend, first.Retain()), 1e-7);
        Close.AssertAll("second moment", [0.004f, 0.004f], Fetch(Backend, second.Retain()), 1e-8);
    }

    /// <summary>By hand: u = 1 + 0.5 * 4 = 3, then 0.5 * 3 + 1 + 0.5 * W.</summary>
    [BackendFact]
    public void SgdByHand()
    {
        using Weight weight = Backend.LoadWeight(Parameter("w", DType.F32, 1, 1, values: [4]) with { IsWritable = true });
        using Matrix gradient = Backend.Upload([2], 1, 1), velocity = Zeros(Backend, new(1, 1));
        Backend.Sgd(weight, gradient, 0.5f, velocity, 0.5f, 0.5f, 0.5f);
        Close.AssertAll("first step", [2.5f], ReadWeight(Backend, weight), 1e-6);
        Backend.Sgd(weight, gradient, 0.5f, velocity, 0.5f, 0.5f, 0.5f);
        Close.AssertAll("second step", [2.5f - 0.5f * 3.75f], ReadWeight(Backend, weight), 1e-6);
    }

    [BackendFact]
    public void SumOfSquares()
    {
        foreach ((int rows, int columns) in new[] { (1, 1), (3, 7), (1, 511), (2, 513), (130, 1153) })
        {
            float[] x = Numbers(rows * columns, 3);
            foreach (bool chained in new[] { false, true })
                Compare($"SumOfSquares [{rows}, {columns}]", b =>
                {
                    using Matrix input = b.Upload(x, rows, columns), before = b.Upload([5], 1, 1);
                    return b.SumOfSquares(input, chained ? before : default);
                }, 1e-6 * (3.0 * rows * columns + 5));
        }
    }

    [BackendFact]
    public void AssignedRowsAreRead()
    {
        foreach (DType dtype in new[] { DType.F32, DType.BF16 })
        {
            float[] start = Numbers(5 * 19), rows = Numbers(2 * 19);
            using Weight weight = Backend.LoadWeight(Parameter("w", dtype, 5, 19, values: start) with { IsWritable = true });
            using Matrix x = Backend.Upload(rows, 2, 19);
            Backend.AssignRows(weight, x, 3);
            float[] expected = [.. start.AsSpan(0, 3 * 19), .. rows];
            if (dtype == DType.BF16) expected = [.. expected.Select(v => BFloat16.ToSingle(BFloat16.FromSingle(v)))];
            Assert.Equal(expected, ReadWeight(Backend, weight));
        }
    }

    /// <summary>What an operator caches of a vector is discarded when the vector is updated.</summary>
    [BackendFact]
    public void AStepIsSeenByTheNextOperator()
    {
        using Weight bias = Backend.LoadWeight(Parameter("b", DType.F32, 1, 2, values: [1, 2]) with { IsWritable = true });
        using Weight weight = Backend.LoadWeight(Parameter("w", DType.F32, 2, 1, values: [0, 0]));
        using Matrix x = Backend.Upload([1], 1, 1), other = Backend.Upload([7, 8], 1, 2), gradient = Backend.Upload([1, 1], 1, 2);
        Close.AssertAll("before", [1, 2], Fetch(Backend, Backend.Linear(x, weight, bias)), 0);
        Backend.AssignRows(bias, other);
        Close.AssertAll("assigned", [7, 8], Fetch(Backend, Backend.Linear(x, weight, bias)), 0);
        Backend.Sgd(bias, gradient, 1);
        Close.AssertAll("after a step", [6, 7], Fetch(Backend, Backend.Linear(x, weight, bias)), 0);
    }

    [BackendFact]
    public void MisshapedUpdates()
    {
        using Matrix x = Backend.Allocate(2, 6),
            y = Backend.Allocate(3, 7),
            codes = Backend.Allocate(1, 3),
            scales = Backend.Allocate(1, 1);
        using Weight w = Backend.LoadWeight(Parameter("w", DType.F32, 2, 6) with { IsWritable = true });
        using Weight half = Backend.LoadWeight(Parameter("half", DType.BF16, 2, 6) with { IsWritable = true });
        using Weight other = Backend.LoadWeight(Parameter("other", DType.F16, 2, 6) with { IsWritable = true });
        var step = new AdamStep(1, 0.1);
        Fails(() => Backend.AdamW(w, y, x, x, step), "AdamW", "w F32 [2, 6]", "[3, 7]");
        Fails(() => Backend.AdamW(w, x, x, y, step), "AdamW", "[3, 7]");
        Fails(() => Backend.AdamW(w, x, x, x, step, x), "AdamW", "master [2, 6]");
        Fails(() => Backend.AdamW(half, x, x, x, step), "AdamW", "master none");
        Fails(() => Backend.AdamW(other, x, x, x, step), "F16", "F32 or BF16");
        Fails(() => Backend.AdamW(w, x, x, x, step with { Time = 0 }), "AdamW", "Time = 0");
        Fails(() => Backend.AdamW8Bit(w, x, codes, scales, scales, scales, step), "AdamW8Bit", "[1, 3]");
        Fails(() => Backend.Sgd(w, x, 0.1f, momentum: 0.9f), "Sgd", "momentum 0.9");
        Fails(() => Backend.Sgd(w, x, float.NaN), "Sgd", "NaN");
        Fails(() => Backend.AssignRows(w, x, 1), "AssignRows", "from row 1");
        Fails(() => Backend.SumOfSquares(x, y), "SumOfSquares", "[3, 7]");
    }

    // Runs steps on both backends, and compares parameter, master copy and states.
    private void CompareUpdate(
        string what, DType dtype, int rows, int columns, float[] start, int states, Action<IComputeBackend, Weight, Matrix, Matrix[]> steps)
    {
        float[][] expected = Run(Oracle), actual = Run(Backend);
        for (int i = 0; i < expected.Length; i++)
        {
            // A master copy that is off by a unit may be rounded to another bf16 number: 2^-8 of a number up to 2.
            double tolerance = i == 0 && dtype == DType.BF16 ? 1.0 / 128 : 2e-6;
            Close.AssertAll($"{what}, part {i}", expected[i], actual[i], tolerance);
        }

        float[][] Run(IComputeBackend b)
        {
            using Weight weight = b.LoadWeight(Parameter("w", dtype, rows, columns, values: start) with { IsWritable = true });
            Matrix master = dtype == DType.BF16 ? b.Upload(start, rows, columns) : default;
            Matrix[] own = [.. Enumerable.Range(0, states).Select(_ => Zeros(b, new(rows, columns)))];
            steps(b, weight, master, own);
            List<float[]> parts = [ReadWeight(b, weight), .. own.Select(x => Fetch(b, x))];
            if (master.HasValue)
            {
                float[] numbers = Fetch(b, master);
                parts.Add(numbers);
                // the bf16 numbers nearest to the master copy
                Assert.Equal(numbers.Select(v => BFloat16.ToSingle(BFloat16.FromSingle(v))), parts[0]);
            }

            return [.. parts];
        }
    }

    private static Matrix Zeros(IComputeBackend b, MatrixShape shape) =>
        b.Upload(new float[shape.Rows * shape.Columns], shape.Rows, shape.Columns);

    private static float[] ReadWeight(IComputeBackend b, Weight weight)
    {
        using Indices rows = b.Upload([.. Enumerable.Range(0, weight.Rows)]);
        return Fetch(b, b.Embed(weight, rows, 1));
    }

    private static byte[] Bytes(float[] words) => System.Runtime.InteropServices.MemoryMarshal.AsBytes(words.AsSpan()).ToArray();

    private static void AssertCodes(string what, byte[] expected, byte[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        int differ = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            int distance = Math.Abs(expected[i] - actual[i]);
            Assert.True(distance <= 1, $"{what}: code {i} should be {expected[i]}, is {actual[i]}.");
            differ += distance;
        }

        Assert.True(differ <= 1 + expected.Length / 200, $"{what}: {differ} of {expected.Length} codes differ.");
    }
}
