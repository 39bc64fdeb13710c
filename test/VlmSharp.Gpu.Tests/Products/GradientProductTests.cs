using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Tests.Ptx;

namespace VlmSharp.Gpu.Tests.Products;

/// <summary>
/// The products of a linear layer's gradients on tensor cores, run by the PTX machine and compared with plain loops: transposed operands,
/// in every tile, with tails in every direction. The loops round to bf16 in the same places.
/// </summary>
public sealed class GradientProductTests
{
    private readonly Random random = new(2);

    /// <summary>T, in, out, multiprocessors: each tile, tails in every direction, the depth in parts.</summary>
    public static TheoryData<int, int, int, int> Shapes() => new()
    {
        { 1, 8, 1, 4 }, { 1, 64, 9, 4 }, { 5, 13, 7, 4 }, { 16, 64, 40, 1 }, { 17, 192, 70, 1 }, { 33, 20, 36, 1 }, { 64, 36, 33, 1 },
        { 70, 64, 140, 1 }, { 130, 192, 150, 1 }, { 4, 12, 700, 8 }, { 300, 20, 12, 8 }, { 40, 133, 3, 1 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void By_the_input_it_is_the_product_with_the_weight_of_every_format(int rows, int inputs, int outputs, int processors)
    {
        foreach (DType format in Enum.GetValues<DType>().Where(f => f.Fits(inputs)))
        {
            using GpuBackend b = Backend(processors);
            WeightData data = RandomWeight.Of(format, outputs, inputs, 7);
            float[] dy = Rounded(rows * outputs), w = new float[outputs * inputs];
            for (int o = 0; o < outputs; o++) data.Widen(o, w.AsSpan(o * inputs, inputs));
            for (int i = 0; i < w.Length; i++) w[i] = Round(w[i]);
            using Weight weight = b.LoadWeight(data);
            using Matrix gradient = b.Upload(dy, rows, outputs);
            double[] expected = new double[rows * inputs];
            for (int t = 0; t < rows; t++)
                for (int o = 0; o < outputs; o++)
                    for (int i = 0; i < inputs; i++) expected[t * inputs + i] += (double)dy[t * outputs + o] * w[o * inputs + i];
            AssertClose(expected, Fetch(b, b.LinearInputGradient(gradient, weight)), outputs, $"{format}");
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void By_the_weight_it_is_the_product_of_columns_and_goes_on_from_a_sum(int rows, int inputs, int outputs, int processors)
    {
        using GpuBackend b = Backend(processors);
        float[] dy = Rounded(rows * outputs), x = Rounded(rows * inputs), before = Rounded(outputs * inputs);
        using Matrix gradient = b.Upload(dy, rows, outputs), input = b.Upload(x, rows, inputs), sum = b.Upload(before, outputs, inputs);
        double[] expected = new double[outputs * inputs];
        for (int t = 0; t < rows; t++)
            for (int o = 0; o < outputs; o++)
                for (int i = 0; i < inputs; i++) expected[o * inputs + i] += (double)dy[t * outputs + o] * x[t * inputs + i];
        AssertClose(expected, Fetch(b, b.LinearWeightGradient(gradient, input)), rows, "dW");
        AssertClose([.. expected.Zip(before, (a, s) => a + s)], Fetch(b, b.LinearWeightGradient(gradient, input, sum)), rows, "dW + sum");
    }

    /// <summary>A product without depth leaves the sum that it adds to.</summary>
    [Fact]
    public void Without_rows_a_weight_has_the_gradient_that_was_there()
    {
        using GpuBackend b = Backend(4);
        float[] before = Rounded(5 * 9);
        using Matrix gradient = b.Upload(default(ReadOnlySpan<float>), 0, 5),
            x = b.Upload(default(ReadOnlySpan<float>), 0, 9),
            sum = b.Upload(before, 5, 9);
        Assert.Equal(before, Fetch(b, b.LinearWeightGradient(gradient, x, sum)));
        Assert.Equal(new float[5 * 9], Fetch(b, b.LinearWeightGradient(gradient, x)));
    }

    /// <summary>Tiles of 64 rows and more. The small ones write the panel of X, a small part of their traffic, in two passes.</summary>
    [Theory]
    [InlineData(60, 128, 132)]
    [InlineData(130, 192, 150)]
    public void No_two_threads_want_the_same_bank(int rows, int inputs, int outputs)
    {
        var device = new PtxDevice { ProcessorCount = 1 };
        using var b = new GpuBackend(device, "ptx", "PTX machine", useTensorCores: true);
        using Matrix x = b.Upload(new float[rows * inputs], rows, inputs), gradient = b.Upload(new float[rows * outputs], rows, outputs);
        foreach (DType format in Enum.GetValues<DType>())
        {
            using Weight w = b.LoadWeight(RandomWeight.Of(format, outputs, inputs, 1));
            b.LinearInputGradient(gradient, w).Dispose();
        }

        b.LinearWeightGradient(gradient, x).Dispose();
        Assert.Contains(device.Reports, pair => pair.Key.Name.StartsWith("product of columns", StringComparison.Ordinal));
        Assert.All(device.Reports, pair =>
            Assert.True(pair.Value.ExtraPasses == 0, $"{pair.Key}: {pair.Value.Conflicts().FirstOrDefault()}"));
    }

    private static GpuBackend Backend(int processors) =>
        new(new PtxDevice { ProcessorCount = processors }, "ptx", "PTX machine", useTensorCores: true);

    private float[] Rounded(int count) => [.. Enumerable.Range(0, count).Select(_ => Round(2 * random.NextSingle() - 1))];

    private static float Round(float x) => BFloat16.ToSingle(BFloat16.FromSingle(x));

    private static float[] Fetch(GpuBackend b, Matrix x)
    {
        float[] values = new float[x.Length];
        b.Download(x, values);
        x.Dispose();
        return values;
    }

    private static void AssertClose(double[] expected, float[] actual, int terms, string what)
    {
        double tolerance = 4e-6 * Math.Sqrt(terms + 4);
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance,
                $"{what}: element {i} of {expected.Length} should be {expected[i]}, is {actual[i]}; allowed {tolerance:G3}.");
    }
}
