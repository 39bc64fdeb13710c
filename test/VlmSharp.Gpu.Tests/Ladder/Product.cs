using VlmSharp.Compute;
using VlmSharp.Gpu.Tests.Products;

namespace VlmSharp.Gpu.Tests.Ladder;

/// <summary>Y = X W^T of random bf16 numbers, and the right result.</summary>
internal sealed class Product
{
    private readonly double[] sums; // [T, out]

    public Product(int rows, int inputs, int outputs)
    {
        (Rows, Inputs, Outputs) = (rows, inputs, outputs);
        W = RandomWeight.Of(DType.BF16, outputs, inputs, 1);
        X = Widen(RandomWeight.Of(DType.BF16, rows, inputs, 2));
        float[] w = Widen(W);
        (BitsOfX, BitsOfW) = ([.. X.Select(BFloat16.FromSingle)], [.. w.Select(BFloat16.FromSingle)]);
        sums = new double[rows * outputs];
        for (int t = 0; t < rows; t++)
            for (int o = 0; o < outputs; o++)
                for (int i = 0; i < inputs; i++) sums[t * outputs + o] += (double)X[t * inputs + i] * w[o * inputs + i];
    }

    public int Rows { get; }

    public int Inputs { get; }

    public int Outputs { get; }

    /// <summary>[out, in].</summary>
    public WeightData W { get; }

    /// <summary>[T, in].</summary>
    public float[] X { get; }

    public ushort[] BitsOfX { get; }

    public ushort[] BitsOfW { get; }

    public double MultiplyAdds => (double)Rows * Inputs * Outputs;

    /// <summary>Bytes of X and W in bf16.</summary>
    public double OperandBytes => 2.0 * Inputs * (Rows + Outputs);

    /// <summary>Asserts that these are the right sums, up to the rounding of fp32.</summary>
    public void AssertIs(float[] y, string what)
    {
        double allowed = 4e-6 * Math.Sqrt(Inputs);
        Assert.Equal(sums.Length, y.Length);
        for (int i = 0; i < y.Length; i++)
            Assert.True(Math.Abs(sums[i] - y[i]) <= allowed, $"{what}: number {i} should be {sums[i]}, is {y[i]}; allowed {allowed:G3}.");
    }

    private static float[] Widen(WeightData w)
    {
        float[] values = new float[w.Rows * w.Columns];
        for (int o = 0; o < w.Rows; o++) w.Widen(o, values.AsSpan(o * w.Columns, w.Columns));
        return values;
    }
}
