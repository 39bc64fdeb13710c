using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Kernels.Products;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<PatchKernelGradient>
{
    /// <summary>dW = dY^T patches + sum: the patches of some pictures are copied into rows, as in <see cref="PatchEmbed"/>.</summary>
    public void Run(in PatchKernelGradient op, HostMatrix y)
    {
        HostMatrix pixels = op.Pixels.OnHost(), dy = op.Gradient.OnHost(), sum = op.Sum.OptionalOnHost();
        int perImage = dy.Rows / Math.Max(pixels.Rows, 1), group = Math.Max(1, GroupRows / Math.Max(perImage, 1)), image = 0;
        do
        {
            int rows = Math.Min(group, pixels.Rows - image) * perImage;
            HostMatrix patches = Gather(pixels, image, rows, y.Columns, op.Side, op.Patch);
            GradientProduct<V>.Run(context, dy.Part(image * perImage, rows), true, new WeightRows(patches.Data, patches.Columns), y, sum);
            sum = y; // the next pictures add to these
            image += group;
        }
        while (image < pixels.Rows);
    }
}
