using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Kernels.Products;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<CrossEntropyInputGradient>
{
    private static readonly Kernel<ScoreGradientArgs> ScoreGradientKernel =
        new("CrossEntropy.ScoreGradient", ScoreGradient, ElementThreads);

    /// <summary>dX = sum_v dz_v W[v]: the sum continues from chunk to chunk.</summary>
    public Matrix Run(in CrossEntropyInputGradient op, MatrixShape shape)
    {
        using Matrix x = products.Prepare(op.Loss.X); // [n, h]
        DeviceWeight head = op.Loss.Weight.OnDevice();
        Matrix y = Allocate(shape); // [n, h]
        foreach (TokenChunk chunk in TokenChunk.All(head.Rows))
        {
            using Matrix dz = ScoreGradients(op.Loss, x, op.Gradient, op.Y, chunk); // [n, tokens]
            products.MultiplyByColumns(dz, head.Format, Operand.Of(head, chunk.First, chunk.Count), Plain(y) with
            {
                Residual = chunk.First > 0 ? y.Floats() : default,
            });
        }

        return y;
    }

    /// <summary>dz of a chunk's tokens, in the form that products take. The scores are recomputed.</summary>
    private Matrix ScoreGradients(in CrossEntropy loss, Matrix x, Matrix gradient, Matrix y, TokenChunk chunk)
    {
        using Matrix z = Scores(x, loss.Weight.OnDevice(), chunk); // [n, tokens]
        Matrix dz = AllocatePadded(x.Rows, chunk.Count);
        var target = RowTarget.Of(dz);
        var grid = new LaunchGrid((target.PaddedColumns + ElementThreads - 1) / ElementThreads, x.Rows);
        Launch(ScoreGradientKernel, grid, new ScoreGradientArgs
        {
            Z = z.Floats(),
            Gradient = gradient.Floats(),
            Y = y.Floats(),
            Targets = loss.Targets.Integers(),
            ScoreGradients = target,
            First = chunk.First,
            Columns = chunk.Count,
            Cap = loss.Cap,
            Smoothing = loss.Smoothing,
            Uniform = loss.Smoothing / loss.Weight.Rows,
        });
        return dz;
    }

    /// <summary>dz_v = dLoss * (exp(z_v - l) - (1 - s) [v = target] - s/V) * (1 - (z_v / cap)^2). A thread has one number.</summary>
    private static void ScoreGradient(ScoreGradientArgs g)
    {
        int row = Grid.IdxY, column = Grid.IdxX * ElementThreads + Group.IdxX;
        if (column >= g.ScoreGradients.PaddedColumns) return;
        float dz = 0;
        if (column < g.Columns)
        {
            float z = Functions.Capped(g.Z[(long)row * g.Columns + column], g.Cap), share = g.Cap > 0 ? z / g.Cap : 0;
            float wanted = g.Uniform + (g.Targets[row] == g.First + column ? 1 - g.Smoothing : 0);
            dz = g.Gradient[2L * row] * (Functions.Exp(z - g.Y[2L * row + 1]) - wanted) * (1 - share * share);
        }

        g.ScoreGradients.Set(row, column, dz);
    }

    internal struct ScoreGradientArgs
    {
        public ArrayView<float> Z, Gradient, Y; // [n, tokens], [n, 2], [n, 2]
        public ArrayView<int> Targets; // [n]
        public RowTarget ScoreGradients; // [n, tokens]
        public int First, Columns; // of the chunk
        public float Cap, Smoothing, Uniform; // Uniform: s/V
    }
}
