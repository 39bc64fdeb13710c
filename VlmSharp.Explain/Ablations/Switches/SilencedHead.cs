using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Explain.Ablations.Switches;

/// <summary>
/// Zeros instead of the output of one query head of a decoder layer.
/// <code>
/// y_h = sum_j p_j v_j      becomes      y_h = 0
/// </code>
/// The layer's other heads stay as they are, including those that read the same keys and values.
/// </summary>
/// <param name="inner">The backend that computes.</param>
/// <param name="layer">The layer, from 0.</param>
/// <param name="head">The query head, from 0.</param>
internal sealed class SilencedHead(IComputeBackend inner, int layer, int head) : DelegatingBackend(inner)
{
    /// <inheritdoc/>
    public override Matrix Run<TOperator>(in TOperator op)
    {
        if (op is not CachedAttention attention || attention.Layer != layer) return Inner.Run(op);
        using Matrix all = Inner.Run(attention); // [T, H * D]
        float[] values = new float[checked((int)all.Length)];
        Inner.Download(all, values);
        for (int row = 0; row < all.Rows; row++)
            values.AsSpan(row * all.Columns + head * attention.Spec.HeadDim, attention.Spec.HeadDim).Clear();
        return Inner.Upload(values, all.Rows, all.Columns);
    }
}
