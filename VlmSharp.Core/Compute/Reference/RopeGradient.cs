using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<RopeGradient>
{
    /// <summary>The pair (dY[j], dY[j + D/2]) of each head is rotated back by its angle.</summary>
    public void Run(in RopeGradient op, HostMatrix y)
    {
        HostMatrix dy = op.Gradient.OnHost(), angles = op.Angles.OnHost();
        int headDim = angles.Columns, half = headDim / 2;
        for (int t = 0; t < dy.Rows; t++)
        {
            ReadOnlySpan<float> cos = angles.Row(t)[..half], sin = angles.Row(t)[half..];
            for (int head = 0; head < dy.Columns; head += headDim)
            {
                ReadOnlySpan<float> from = dy.Row(t).Slice(head, headDim);
                Span<float> to = y.Row(t).Slice(head, headDim);
                for (int j = 0; j < half; j++)
                {
                    to[j] = from[j] * cos[j] + from[j + half] * sin[j];
                    to[j + half] = from[j + half] * cos[j] - from[j] * sin[j];
                }
            }
        }
    }
}
