using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels.Products;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<CrossEntropyWeightGradient>
{
    /// <summary>dW[v] = sum_t dz_tv x_t + sum[v]: each chunk of tokens has its own rows.</summary>
    public Matrix Run(in CrossEntropyWeightGradient op, MatrixShape shape)
    {
        using Matrix x = products.Prepare(op.Loss.X); // [n, h]
        Matrix y = Allocate(shape); // [V, h]
        ArrayView<float> sum = op.Sum.OptionalFloats();
        foreach (TokenChunk chunk in TokenChunk.All(shape.Rows))
        {
            using Matrix dz = ScoreGradients(op.Loss, x, op.Gradient, op.Y, chunk); // [n, tokens]
            products.MultiplyColumns(dz, x, chunk.Count, new Epilogue
            {
                Y = RowTarget.Of(y, chunk.First, chunk.Count),
                Residual = sum.Length > 0 ? sum.SubView((long)chunk.First * shape.Columns, (long)chunk.Count * shape.Columns) : default,
                Columns = shape.Columns,
            });
        }

        return y;
    }
}
