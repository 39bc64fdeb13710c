using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<Rope>
{
    private static readonly Kernel<RopeArgs> RopeKernel = new("Rope", RopePair, ElementThreads);

    /// <summary>Each pair (x[j], x[j + D/2]) of a head, turned by the row's angle j.</summary>
    public Matrix Run(in Rope op, MatrixShape shape)
    {
        using Matrix x = context.Widen(op.X);
        Matrix y = Allocate(shape); // [T, heads * D]
        Launch(RopeKernel, Elements(y.Length / 2), new RopeArgs
        {
            X = x.Floats(),
            Angles = op.Angles.Floats(),
            Y = y.Floats(),
            Width = shape.Columns,
            HeadDim = op.Angles.Columns,
        });
        return y;
    }

    /// <summary>A thread turns one pair.</summary>
    private static void RopePair(RopeArgs g)
    {
        long pair = ElementIndex;
        if (pair >= g.X.Length / 2) return;
        int half = g.HeadDim / 2, pairsOfRow = g.Width / 2;
        long row = pair / pairsOfRow;
        int inRow = (int)(pair - row * pairsOfRow), head = inRow / half, j = inRow - head * half;
        long at = row * g.Width + head * g.HeadDim + j, angle = row * g.HeadDim + j;
        float cos = g.Angles[angle], sin = g.Angles[angle + half], a = g.X[at], b = g.X[at + half];
        g.Y[at] = a * cos - b * sin;
        g.Y[at + half] = b * cos + a * sin;
    }

    internal struct RopeArgs
    {
        public ArrayView<float> X, Angles, Y; // [T, heads * D], [T, D], [T, heads * D]
        public int Width, HeadDim;
    }
}
