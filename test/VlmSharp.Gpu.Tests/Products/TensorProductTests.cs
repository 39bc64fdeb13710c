using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Tests.Ptx;

namespace VlmSharp.Gpu.Tests.Products;

/// <summary>
/// The products on tensor cores: their PTX, run by the PTX machine and compared with plain loops. x is bf16. W is converted to bf16 for
/// tiles; a single row of x uses W as stored. The loops round in the same places, so the sums must agree like sums in fp32.
/// </summary>
public sealed class TensorProductTests
{
    private readonly Random random = new(1);

    /// <summary>T, in, out, multiprocessors: each tile, tails in every direction, the depth in parts.</summary>
    public static TheoryData<int, int, int, int> Shapes() => new()
    {
        { 1, 8, 1, 4 }, { 1, 64, 9, 4 }, { 1, 2112, 6, 4 }, { 2, 64, 133, 1 }, { 16, 192, 40, 1 }, { 17, 64, 130, 1 },
        { 33, 128, 20, 1 }, { 70, 64, 140, 1 },
        { 130, 192, 150, 1 }, { 5, 704, 12, 8 }, { 60, 1024, 129, 16 }, { 0, 64, 8, 4 },
        { 1, 13, 7, 4 }, { 3, 13, 7, 4 }, { 129, 36, 3, 1 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_linear_layer_of_every_format_is_the_sum_of_its_products(int rows, int inputs, int outputs, int processors)
    {
        foreach (DType format in Enum.GetValues<DType>().Where(f => f.Fits(inputs)))
        {
            using GpuBackend b = Backend(processors);
            WeightData data = RandomWeight.Of(format, outputs, inputs, 7);
            float[] x = Rounded(rows * inputs);
            using Weight w = b.LoadWeight(data);
            using Matrix input = b.Upload(x, rows, inputs);
            AssertClose(Sums(x, data, rows), Fetch(b, b.Linear(input, w)), Tolerance(inputs), $"{format}");
        }
    }

    [Theory]
    [InlineData(1, 4)]
    [InlineData(3, 4)]
    [InlineData(9, 8)]
    [InlineData(70, 1)]
    public void Bias_activation_and_residual_follow(int rows, int processors)
    {
        const int Inputs = 320, Outputs = 37;
        using GpuBackend b = Backend(processors);
        WeightData data = RandomWeight.Of(DType.BF16, Outputs, Inputs, 3), shift = RandomWeight.Of(DType.F32, 1, Outputs, 4);
        float[] x = Rounded(rows * Inputs), add = Numbers(rows * Outputs);
        using Weight w = b.LoadWeight(data), bias = b.LoadWeight(shift);
        using Matrix input = b.Upload(x, rows, Inputs), residual = b.Upload(add, rows, Outputs);
        double[] sums = [.. Sums(x, data, rows).Select((sum, i) => sum + shift.At(0, i % Outputs))];
        AssertClose(sums, Fetch(b, b.Linear(input, w, bias)), Tolerance(Inputs), "bias");
        double[] all = [.. sums.Select((sum, i) => Gelu(sum) + add[i])];
        AssertClose(all, Fetch(b, b.Linear(input, w, bias, Activation.GeluTanh, residual)), 2 * Tolerance(Inputs), "all");
        using Matrix activated = b.Linear(input, w, bias, Activation.GeluTanh);
        AssertClose([.. sums.Select(Gelu)], Fetch(b, activated.Retain()), 32 / 256.0, "gelu, in bf16");
        // A result that ends in an activation goes directly into the next product, so its padding must be zeros.
        using Weight next = b.LoadWeight(RandomWeight.Of(DType.BF16, 5, Outputs, 6));
        Assert.All(Fetch(b, b.Linear(activated, next)), y => Assert.True(float.IsFinite(y)));
    }

    [Theory]
    [InlineData(1, DType.BF16, DType.BF16)]
    [InlineData(1, DType.Int4, DType.Int4)]
    [InlineData(1, DType.Nf4, DType.Nf4)]
    [InlineData(40, DType.Nf4, DType.Int8)]
    [InlineData(1, DType.Int8, DType.BF16)]
    [InlineData(5, DType.BF16, DType.BF16)]
    [InlineData(40, DType.Int8, DType.F16)]
    public void A_gated_layer_is_gelu_of_the_gate_times_the_other(int rows, DType gateFormat, DType upFormat)
    {
        const int Inputs = 128, Outputs = 21;
        using GpuBackend b = Backend(4);
        WeightData gate = RandomWeight.Of(gateFormat, Outputs, Inputs, 1), up = RandomWeight.Of(upFormat, Outputs, Inputs, 2);
        float[] x = Rounded(rows * Inputs);
        using Weight g = b.LoadWeight(gate), u = b.LoadWeight(up);
        using Matrix input = b.Upload(x, rows, Inputs);
        double[] other = Sums(x, up, rows);
        double[] expected = [.. Sums(x, gate, rows).Select((sum, i) => Gelu(sum) * other[i])];
        AssertClose(expected, Fetch(b, b.GatedLinear(input, g, u)), expected.Select(Math.Abs).DefaultIfEmpty().Max() / 128, "gated");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(40)]
    public void Some_outputs_are_the_same_bits_as_all(int rows)
    {
        const int Inputs = 640, Outputs = 300;
        foreach (DType format in Enum.GetValues<DType>())
        {
            using GpuBackend b = Backend(16);
            float[] x = Numbers(rows * Inputs);
            int[] places = [299, 0, 7, 7, 130, 64, 1];
            using Weight w = b.LoadWeight(RandomWeight.Of(format, Outputs, Inputs, 9));
            using Matrix input = b.Upload(x, rows, Inputs);
            using Indices wanted = b.Upload(places);
            float[] all = Fetch(b, b.Linear(input, w)), some = Fetch(b, b.LinearRows(input, w, wanted));
            Assert.Equal(Enumerable.Range(0, rows).SelectMany(row => places.Select(place => all[row * Outputs + place])), some);
        }
    }

    [Theory]
    [InlineData(DType.BF16, 3)]
    [InlineData(DType.Int8, 8)]
    [InlineData(DType.Int4, 8)]
    [InlineData(DType.Nf4, 8)]
    public void Patches_are_embedded(DType format, int patch)
    {
        const int Images = 2, PerSide = 3, Features = 20, Places = PerSide * PerSide;
        int side = PerSide * patch, area = patch * patch, inputs = 3 * area;
        using GpuBackend b = Backend(4);
        WeightData kernel = RandomWeight.Of(format, Features, inputs, 1), shift = RandomWeight.Of(DType.BF16, 1, Features, 2);
        WeightData places = RandomWeight.Of(DType.F32, Places, Features, 3);
        float[] pixels = Rounded(Images * 3 * side * side), patches = new float[Images * Places * inputs];
        for (int i = 0; i < patches.Length; i++)
        {
            int row = i / inputs, channel = i % inputs / area;
            int y = row % Places / PerSide * patch + i % area / patch, x = row % PerSide * patch + i % patch;
            patches[i] = pixels[((row / Places * 3 + channel) * side + y) * side + x];
        }

        using Weight w = b.LoadWeight(kernel), bias = b.LoadWeight(shift), positions = b.LoadWeight(places);
        using Matrix input = b.Upload(pixels, Images, 3 * side * side);
        double[] sums = Sums(patches, kernel, Images * Places);
        double[] expected = [.. sums.Select((sum, i) => sum + shift.At(0, i % Features) + places.At(i / Features % Places, i % Features))];
        AssertClose(expected, Fetch(b, b.PatchEmbed(input, w, bias, positions, patch)), Tolerance(inputs), "patches");
    }

    [Theory]
    [InlineData(DType.Int8)]
    [InlineData(DType.Int4)]
    [InlineData(DType.Nf4)]
    public void Quantized_positions_are_refused_by_name(DType format)
    {
        const int Features = 64;
        using GpuBackend b = Backend(4);
        using Weight w = b.LoadWeight(RandomWeight.Of(DType.BF16, Features, 12, 1));
        using Weight bias = b.LoadWeight(RandomWeight.Of(DType.BF16, 1, Features, 2));
        using Weight positions = b.LoadWeight(RandomWeight.Of(format, 4, Features, 3));
        using Matrix pixels = b.Upload(new float[3 * 4 * 4], 1, 3 * 4 * 4);
        string message = Assert.Throws<NotSupportedException>(() => b.PatchEmbed(pixels, w, bias, positions, 2)).Message;
        Assert.Contains($"positions random {format} {format} [4, 64]", message);
    }

    [Theory]
    [InlineData(DType.BF16)]
    [InlineData(DType.Int4)]
    [InlineData(DType.Nf4)]
    public void Queries_keys_and_values_at_once_are_those_one_by_one(DType format)
    {
        const int Features = 64, Head = 16;
        using GpuBackend b = Backend(4);
        using Weight norm = b.LoadWeight(RandomWeight.Of(DType.F32, 1, Features, 1));
        using Weight query = b.LoadWeight(RandomWeight.Of(format, 3 * Head, Features, 2));
        using Weight key = b.LoadWeight(RandomWeight.Of(format, Head, Features, 3));
        using Weight value = b.LoadWeight(RandomWeight.Of(format, Head, Features, 4));
        using Matrix x = b.Upload(Numbers(Features), 1, Features), angles = b.Upload(Numbers(Head), 1, Head);
        var op = new QueryKeyValue(x, norm, 1e-6f, query, key, value, angles);
        var (q, k, v) = b.RunFused<QueryKeyValue, (Matrix Q, Matrix K, Matrix V)>(op);
        var (q1, k1, v1) = op.Compose(b);
        Assert.Equal(Fetch(b, q1), Fetch(b, q));
        Assert.Equal(Fetch(b, k1), Fetch(b, k));
        Assert.Equal(Fetch(b, v1), Fetch(b, v));
    }

    private static GpuBackend Backend(int processors) =>
        new(new PtxDevice { ProcessorCount = processors }, "ptx", "PTX machine", useTensorCores: true);

    private float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => 2 * random.NextSingle() - 1)];

    private float[] Rounded(int count) => [.. Numbers(count).Select(x => (float)Round(x))];

    private static double Round(float x) => BFloat16.ToSingle(BFloat16.FromSingle(x));

    private static double Gelu(double x) => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));

    /// <summary>x W^T; W is rounded to bf16 if there are tiles.</summary>
    private static double[] Sums(float[] x, WeightData w, int rows)
    {
        double[] sums = new double[rows * w.Rows];
        float[] row = new float[w.Columns];
        for (int o = 0; o < w.Rows; o++)
        {
            w.Widen(o, row);
            for (int t = 0; t < rows; t++)
                for (int i = 0; i < w.Columns; i++) sums[t * w.Rows + o] += x[t * w.Columns + i] * (rows == 1 ? row[i] : Round(row[i]));
        }

        return sums;
    }

    private static double Tolerance(int terms) => 1e-6 * Math.Sqrt(terms + 4) * 4;

    private static float[] Fetch(GpuBackend b, Matrix x)
    {
        float[] values = new float[x.Length];
        b.Download(x, values);
        x.Dispose();
        return values;
    }

    private static void AssertClose(double[] expected, float[] actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance,
                $"{what}: element {i} of {expected.Length} should be {expected[i]}, is {actual[i]}; allowed {tolerance:G3}.");
    }
}
