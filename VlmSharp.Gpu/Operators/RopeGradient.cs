using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<RopeGradient>
{
    private static readonly Kernel<RopeArgs> RopeGradientKernel = new("RopeGradient", RopeGradientPair, ElementThreads);

    /// <summary>Each pair (dY[j], dY[j + D/2]) of a head, turned back by the row's angle j.</summary>
    public Matrix Run(in RopeGradient op, MatrixShape shape)
    {
        using Matrix gradient = context.Widen(op.Gradient);
        Matrix y = Allocate(shape); // [T, heads * D]
        Launch(RopeGradientKernel, Elements(y.Length / 2), new RopeArgs
        {
            X = gradient.Floats(),
            Angles = op.Angles.Floats(),
            Y = y.Floats(),
            Width = shape.Columns,
            HeadDim = op.Angles.Columns,
        });
        return y;
    }

    /// <summary>A thread turns one pair.</summary>
    private static void RopeGradientPair(RopeArgs g)
    {
        long pair = ElementIndex;
        if (pair >= g.X.Length / 2) return;
        int half = g.HeadDim / 2, pairsOfRow = g.Width / 2;
        long row = pair / pairsOfRow;
        int inRow = (int)(pair - row * pairsOfRow), head = inRow / half, j = inRow - head * half;
        long at = row * g.Width + head * g.HeadDim + j, angle = row * g.HeadDim + j;
        float cos = g.Angles[angle], sin = g.Angles[angle + half], a = g.X[at], b = g.X[at + half];
        g.Y[at] = a * cos + b * sin;
        g.Y[at + half] = b * cos - a * sin;
    }
}
