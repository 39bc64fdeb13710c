using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<PatchEmbed>
{
    /// <summary>
    /// y[n N + r P + c, o] = bias[o] + position[r P + c, o] + sum_{ch, ky, kx} W[o, ch, ky, kx] * pixel[n, ch, r s + ky, c s + kx],
    /// with s the patch side, P = S / s patches in a row, N = P^2.
    /// </summary>
    public void Run(in PatchEmbed op, HostMatrix y)
    {
        HostMatrix pixels = op.Pixels.OnHost();
        HostWeight kernel = op.Kernel.OnHost(), bias = op.Bias.OnHost(), positions = op.Positions.OnHost();
        int side = op.Side, patch = op.Patch, perSide = side / patch;
        for (int row = 0; row < y.Rows; row++)
        {
            int image = row / (perSide * perSide), place = row % (perSide * perSide);
            int top = place / perSide * patch, left = place % perSide * patch;
            ReadOnlySpan<float> planes = pixels.Row(image); // [3, S, S]
            for (int o = 0; o < kernel.Rows; o++)
            {
                double sum = bias.Vector()[o] + positions.At(place, o);
                for (int channel = 0, i = 0; channel < 3; channel++)
                    for (int ky = 0; ky < patch; ky++)
                        for (int kx = 0; kx < patch; kx++, i++)
                            sum += (double)kernel.At(o, i) * planes[(channel * side + top + ky) * side + left + kx];
                y.Row(row)[o] = (float)sum;
            }
        }
    }
}
