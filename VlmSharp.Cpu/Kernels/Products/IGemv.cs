using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Products;

/// <summary>A few rows of activations, ready for the product with the rows of a parameter, each of which is read once.</summary>
/// <typeparam name="G">The implementing struct.</typeparam>
internal unsafe interface IGemv<G> where G : struct, IGemv<G>
{
    /// <summary>Converts activations to the form that <see cref="Multiply"/> reads.</summary>
    /// <param name="context">Lends the memory for the converted rows, until its next use.</param>
    /// <param name="x">[T, in], T a handful.</param>
    static abstract G Prepare(CpuContext context, HostMatrix x);

    /// <summary>y[t, n] = sum_k x[t, k] w[n, k]: the same bits for any T and n.</summary>
    /// <param name="w">The rows of w.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="then">The rows that will probably be read next, at least as many, or <c>default</c>; they are only prefetched.</param>
    /// <param name="y">[T, yStride]; <paramref name="rows"/> columns of it are written.</param>
    /// <param name="yStride">Distance between rows of y.</param>
    void Multiply(WeightRows w, int rows, WeightRows then, float* y, nint yStride);
}
