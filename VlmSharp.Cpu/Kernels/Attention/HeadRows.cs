using System.Runtime.CompilerServices;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Simd;

namespace VlmSharp.Cpu.Kernels.Attention;

/// <summary>
/// The vectors of a sequence that belong to one key-value head, one per row: one key or value for each token, and one query or
/// result for each token and each query head that reads the key-value head.
/// </summary>
/// <param name="matrix">[T, heads * D].</param>
/// <param name="first">The sequence's first row in it.</param>
/// <param name="group">Heads for each key-value head: 1, or H / K.</param>
/// <param name="dim">D.</param>
internal readonly unsafe struct HeadRows(HostMatrix matrix, int first, int group, int dim)
{
    /// <summary>Of keys or values.</summary>
    public static HeadRows OfKeys(HostMatrix k, int first, in AttentionSpec spec) => new(k, first, 1, spec.HeadDim);

    /// <summary>Of queries, results or their gradients.</summary>
    public static HeadRows OfQueries(HostMatrix q, int first, in AttentionSpec spec) =>
        new(q, first, spec.Heads / spec.KvHeads, spec.HeadDim);

    /// <summary>False for <c>default</c>, which stands for vectors that are not needed.</summary>
    public bool HasValue => matrix.HasValue;

    /// <summary>Rows that one token has: the heads for each key-value head.</summary>
    public int Group => group;

    /// <summary>Address of a vector [D].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* At(int kvHead, int row) => matrix.RowPointer(first + row / group) + (nint)(kvHead * group + row % group) * dim;

    /// <summary>Copies some vectors, one after another, and fills the rest of the target with 0.</summary>
    /// <param name="kvHead">The key-value head.</param>
    /// <param name="row">The first vector.</param>
    /// <param name="count">Number of vectors.</param>
    /// <param name="target">[rows, stride].</param>
    /// <param name="rows">Rows of the target.</param>
    /// <param name="stride">Length of a target row, at least D.</param>
    /// <param name="factor">The factor that multiplies the vectors.</param>
    public void Copy<V>(int kvHead, int row, int count, float* target, int rows, int stride, float factor) where V : struct, ISimd<V>
    {
        for (int r = 0; r < count; r++, target += stride)
        {
            ScaleMap<V>.Run(At(kvHead, row + r), factor, target, dim);
            new Span<float>(target + dim, stride - dim).Clear();
        }

        new Span<float>(target, (rows - count) * stride).Clear();
    }
}
