using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Attention;

namespace VlmSharp.Cpu.Operators;

internal sealed partial class CpuOperators<V> : IKernel<AttentionQueryGradient>
{
    /// <summary>dQ_i = sum_j ds_ij k_j: <see cref="AttentionGradient{V}"/>.</summary>
    public void Run(in AttentionQueryGradient op, HostMatrix y)
    {
        AttentionSpec spec = op.Spec;
        HostMatrix q = op.Q.OnHost(), k = op.K.OnHost(), v = op.V.OnHost(), dy = op.Gradient.OnHost();
        foreach (SequenceSlice slice in op.Step.Batch.Slices)
        {
            HeadRows keys = HeadRows.OfKeys(k, slice.RowStart, spec);
            new AttentionGradient<V>
            {
                Slice = slice,
                Spec = spec,
                Own = HeadRows.OfQueries(q, slice.RowStart, spec),
                OwnAlong = HeadRows.OfQueries(dy, slice.RowStart, spec),
                Other = keys,
                OtherAlong = HeadRows.OfKeys(v, slice.RowStart, spec),
                Basis = keys,
                Result = HeadRows.OfQueries(y, slice.RowStart, spec),
                Statistics = op.Statistics.OnHost(),
            }.Run(context);
        }
    }
}
