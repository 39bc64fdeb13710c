using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;
using VlmSharp.Ladder.MatrixProduct;

namespace VlmSharp.Ladder.Tests;

/// <summary>Every rung of the matrix product computes what the reference backend's loops compute.</summary>
public sealed unsafe class ProductLadderTests
{
    public static TheoryData<string> Rungs => [.. ProductLadder.Rungs.Select(rung => rung.Name)];

    [Theory, MemberData(nameof(Rungs))]
    public void A_rung_equals_the_reference(string name)
    {
        // No size is a multiple of the tile, of the block or of the register in all of them; one has sizes below each.
        foreach (ProductShape shape in new ProductShape[]
            { new(16, 6, 8), new(1, 1, 1), new(3, 5, 7), new(37, 101, 300), new(50, 200, 513), new(400, 100, 30) })
        {
            float[] x = GuardedFloats.Numbers(shape.Rows * shape.Inputs, 1), w = GuardedFloats.Numbers(shape.Outputs * shape.Inputs, 2);
            float[] y = Run(name, x, w, shape);
            Close.AssertAll($"{name}, {shape}", Reference(x, w, shape), y, Close.SumBound(shape.Inputs, 1));
        }
    }

    [Fact]
    public void Threads_change_no_bit()
    {
        var shape = new ProductShape(390, 200, 300);
        float[] x = GuardedFloats.Numbers(shape.Rows * shape.Inputs, 3), w = GuardedFloats.Numbers(shape.Outputs * shape.Inputs, 4);
        Assert.Equal(Run("blocks of outputs", x, w, shape), Run("threads", x, w, shape));
    }

    private static float[] Run(string name, float[] x, float[] w, ProductShape shape)
    {
        using GuardedFloats left = new(x), right = new(w), result = new(shape.Rows * shape.Outputs);
        ProductLadder.Rungs.Single(rung => rung.Name == name).Multiply(left.Floats, right.Floats, result.Floats, shape);
        Assert.True(result.IsIntact, $"{name}, {shape} writes outside of y.");
        return result.Span.ToArray();
    }

    private static float[] Reference(float[] x, float[] w, ProductShape shape)
    {
        using var backend = new ReferenceBackend();
        using Matrix input = backend.Upload(x, shape.Rows, shape.Inputs);
        fixed (float* data = w)
        {
            using Weight weight = backend.LoadWeight(new WeightData("w", DType.F32, shape.Outputs, shape.Inputs, (nint)data, w));
            using Matrix output = backend.Linear(input, weight);
            float[] y = new float[shape.Rows * shape.Outputs];
            backend.Download(output, y);
            return y;
        }
    }
}
