using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<PatchKernelGradient>
{
    /// <summary>
    /// dW[o, ch, ky, kx] = (sum over images n and patches (r, c) of dY[n N + r P + c, o] * pixel[n, ch, r s + ky, c s + kx]) + sum.
    /// </summary>
    public void Run(in PatchKernelGradient op, HostMatrix y)
    {
        HostMatrix dy = op.Gradient.OnHost(), pixels = op.Pixels.OnHost();
        int side = op.Side, patch = op.Patch, perSide = side / patch;
        double[,] sums = Start(op.Sum, y);
        for (int row = 0; row < dy.Rows; row++)
        {
            int image = row / (perSide * perSide), place = row % (perSide * perSide);
            int top = place / perSide * patch, left = place % perSide * patch;
            ReadOnlySpan<float> planes = pixels.Row(image); // [3, S, S]
            for (int o = 0; o < y.Rows; o++)
                for (int channel = 0, i = 0; channel < 3; channel++)
                    for (int ky = 0; ky < patch; ky++)
                        for (int kx = 0; kx < patch; kx++, i++)
                            sums[o, i] += (double)dy.Row(row)[o] * planes[(channel * side + top + ky) * side + left + kx];
        }

        Round(sums, y);
    }
}
