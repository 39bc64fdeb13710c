using VlmSharp.Compute.Host;

namespace VlmSharp.Compute.Reference;

/// <summary>
/// Patch embedding (Dosovitskiy et al. 2021, eq. 1): a convolution whose stride is its size, so each patch is one matrix-vector product.
/// <code>
/// y[n N + r P + c, o] = bias[o] + position[r P + c, o] + sum_{ch, ky, kx} W[o, ch, ky, kx] * pixel[n, ch, r s + ky, c s + kx]
/// </code>
/// with s the patch side, P = S / s patches in a row, N = P^2.
/// </summary>
internal static class PatchEmbed
{
    public static void Execute(HostMatrix pixels, HostWeight kernel, HostWeight bias, HostWeight positions, int side, int patch, HostMatrix y)
    {
        int perSide = side / patch;
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
