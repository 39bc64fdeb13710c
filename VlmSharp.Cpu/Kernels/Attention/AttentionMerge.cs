using System.Numerics.Tensors;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Kernels.Attention;

/// <summary>
/// Joins attention over several pieces of the keys. Piece s has its largest score m_s (times log2 e), its sum l_s and its O_s. With
/// M = max m_s:
/// <code>
/// y = sum_s 2^(m_s - M) O_s / sum_s 2^(m_s - M) l_s
/// </code>
/// </summary>
internal unsafe struct AttentionMerge : IRowKernel
{
    private float* parts; // [rows, pieces, 2 + headDim]: m, l, O
    private int rows, pieces, headDim;
    private HostMatrix y;

    /// <summary>Allocates the pieces of some rows: a row is one head of one query.</summary>
    public static AttentionMerge Create(CpuContext context, int rows, int pieces, int headDim) => new()
    {
        parts = context.Shared.Reserve((long)rows * pieces * (2 + headDim)),
        rows = rows,
        pieces = pieces,
        headDim = headDim,
    };

    /// <summary>Stores m and l of a row's piece.</summary>
    /// <returns>The address for its O.</returns>
    public readonly float* Part(int row, int piece, float largest, float sum)
    {
        float* part = parts + ((nint)row * pieces + piece) * (2 + headDim);
        part[0] = largest;
        part[1] = sum;
        return part + 2;
    }

    /// <summary>Writes the joined rows one after another to <paramref name="target"/>.</summary>
    public void Join(CpuContext context, float* target)
    {
        y = new HostMatrix(target, rows, headDim);
        RowLoop.Run(context.Team, this, rows, pieces * headDim);
    }

    public readonly void Row(int row, int worker)
    {
        float* first = parts + (nint)row * pieces * (2 + headDim);
        Span<float> target = y.Row(row);
        float largest = float.NegativeInfinity, sum = 0;
        for (int s = 0; s < pieces; s++) largest = Math.Max(largest, first[s * (2 + headDim)]);
        for (int s = 0; s < pieces; s++)
        {
            float* part = first + s * (2 + headDim);
            float weight = MathF.Exp((part[0] - largest) * Elementary.Ln2);
            sum += weight * part[1];
            var o = new ReadOnlySpan<float>(part + 2, headDim);
            if (s == 0) TensorPrimitives.Multiply(o, weight, target);
            else TensorPrimitives.MultiplyAdd(o, weight, target, target);
        }
        TensorPrimitives.Divide(target, sum, target);
    }
}
