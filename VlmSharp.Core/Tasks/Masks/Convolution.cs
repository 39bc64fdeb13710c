using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace VlmSharp.Tasks.Masks;

/// <summary>
/// A convolution, where o and i are the output and input channels, (u, v) the position in the k x k kernel, s the stride and p the padding:
/// <code>
/// y[r, c, o] = b[o] + sum over u, v, i of  w[o, i, u, v] x[s r + u - p, s c + v - p, i]
/// </code>
/// and its transpose, in which each input position adds to k x k positions of the output:
/// <code>
/// y[s r + u - p, s c + v - p, o] += w[i, o, u, v] x[r, c, i]
/// </code>
/// Values outside a map are 0.
/// </summary>
internal sealed class Convolution
{
    private readonly int inputs, outputs, kernel, stride, padding;
    private readonly bool transposed;
    private readonly float[] weight; // [kernel, kernel, inputs, outputs]: the outputs are contiguous for the additions below
    private readonly float[] bias;

    /// <summary>Takes weights as PyTorch stores them.</summary>
    /// <param name="weights">The open file of the mask decoder.</param>
    /// <param name="name">The layer, which has a <c>.weight</c> and a <c>.bias</c>.</param>
    /// <param name="inputs">Number of input channels.</param>
    /// <param name="outputs">Number of output channels.</param>
    /// <param name="kernel">Side of the kernel.</param>
    /// <param name="stride">Step between positions.</param>
    /// <param name="padding">Width of the border of zeros around the input.</param>
    /// <param name="transposed">
    /// Whether this is a transposed convolution, whose weights are stored as [inputs, outputs, k, k] instead of [outputs, inputs, k, k].
    /// </param>
    public Convolution(
        MaskWeights weights,
        string name,
        int inputs,
        int outputs,
        int kernel,
        int stride = 1,
        int padding = 0,
        bool transposed = false)
    {
        (this.inputs, this.outputs, this.kernel) = (inputs, outputs, kernel);
        (this.stride, this.padding, this.transposed) = (stride, padding, transposed);
        bias = weights.Read($"{name}.bias", outputs);
        (int first, int second) = transposed ? (inputs, outputs) : (outputs, inputs);
        float[] stored = weights.Read($"{name}.weight", first, second, kernel, kernel);
        weight = new float[stored.Length];
        int area = kernel * kernel;
        for (int i = 0; i < inputs; i++)
            for (int o = 0; o < outputs; o++)
                for (int uv = 0; uv < area; uv++)
                    weight[(uv * inputs + i) * outputs + o] = stored[(transposed ? i * outputs + o : o * inputs + i) * area + uv];
    }

    /// <summary>Applies the convolution.</summary>
    /// <param name="x">[height, width, inputs].</param>
    /// <returns>[height', width', outputs].</returns>
    public FeatureMap Apply(FeatureMap x)
    {
        FeatureMap y = transposed
            ? new FeatureMap((x.Height - 1) * stride + kernel - 2 * padding, (x.Width - 1) * stride + kernel - 2 * padding, outputs)
            : new FeatureMap((x.Height + 2 * padding - kernel) / stride + 1, (x.Width + 2 * padding - kernel) / stride + 1, outputs);
        for (int r = 0; r < y.Height; r++)
            for (int c = 0; c < y.Width; c++) bias.CopyTo(y.At(r, c));

        FeatureMap coarse = transposed ? x : y, fine = transposed ? y : x;
        for (int r = 0; r < coarse.Height; r++)
            for (int c = 0; c < coarse.Width; c++)
                for (int u = 0; u < kernel; u++)
                    for (int v = 0; v < kernel; v++)
                    {
                        int row = stride * r + u - padding, column = stride * c + v - padding;
                        if (!fine.Has(row, column)) continue;
                        if (transposed) Add(x.At(r, c), u, v, y.At(row, column));
                        else Add(x.At(row, column), u, v, y.At(r, c));
                    }
        return y;
    }

    /// <summary>y[o] += sum over i of w[u, v, i, o] x[i].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // the first mask comes before the runtime would optimize this hot loop
    private void Add(ReadOnlySpan<float> x, int u, int v, Span<float> y)
    {
        ReadOnlySpan<float> w = weight.AsSpan((u * kernel + v) * inputs * outputs, inputs * outputs); // [inputs, outputs]
        for (int i = 0; i < x.Length; i++) TensorPrimitives.MultiplyAdd(w.Slice(i * outputs, outputs), x[i], y, y);
    }
}
