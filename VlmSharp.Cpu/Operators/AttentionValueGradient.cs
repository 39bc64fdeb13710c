using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Attention;

namespace VlmSharp.Cpu.Operators;

internal sealed partial class CpuOperators<V> : IKernel<AttentionValueGradient>
{
    /// <summary>dV_j = sum_i p_ij dY_i, over all heads that read the value: <see cref="AttentionGradient{V}"/>.</summary>
    public void Run(in AttentionValueGradient op, HostMatrix y)
    {
        AttentionSpec spec = op.Spec;
        HostMatrix q = op.Q.OnHost(), k = op.K.OnHost(), dy = op.Gradient.OnHost();
        foreach (SequenceSlice slice in op.Step.Batch.Slices)
        {
            new AttentionGradient<V>
            {
                Slice = slice,
                Spec = spec,
                OfKeys = true,
                Own = HeadRows.OfKeys(k, slice.RowStart, spec),
                Other = HeadRows.OfQueries(q, slice.RowStart, spec),
                Basis = HeadRows.OfQueries(dy, slice.RowStart, spec),
                Result = HeadRows.OfKeys(y, slice.RowStart, spec),
                Statistics = op.Statistics.OnHost(),
            }.Run(context);
        }
    }
}
