using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Attention;

namespace VlmSharp.Cpu.Operators;

internal sealed unsafe partial class CpuOperators<V> : IKernel<AttentionKeyGradient>
{
    /// <summary>dK_j = sum_i ds_ij q_i, over all heads that read the key: <see cref="AttentionGradient{V}"/>.</summary>
    public void Run(in AttentionKeyGradient op, HostMatrix y)
    {
        AttentionSpec spec = op.Spec;
        HostMatrix q = op.Q.OnHost(), k = op.K.OnHost(), v = op.V.OnHost(), dy = op.Gradient.OnHost();
        foreach (SequenceSlice slice in op.Step.Batch.Slices)
        {
            HeadRows queries = HeadRows.OfQueries(q, slice.RowStart, spec), keys = HeadRows.OfKeys(k, slice.RowStart, spec);
            HeadRows along = HeadRows.OfQueries(dy, slice.RowStart, spec), values = HeadRows.OfKeys(v, slice.RowStart, spec);
            var residuals = new HostMatrix(context.Scores.Reserve((long)slice.RowCount * spec.Heads), slice.RowCount, spec.Heads); // [T, H]
            new AttentionGradient<V>
            {
                Slice = slice,
                Spec = spec,
                Own = queries,
                OwnAlong = along,
                Other = keys,
                OtherAlong = values,
                Statistics = op.Statistics.OnHost(),
                Residuals = residuals,
            }.Run(context);
            new AttentionGradient<V>
            {
                Slice = slice,
                Spec = spec,
                OfKeys = true,
                Own = keys,
                OwnAlong = values,
                Other = queries,
                OtherAlong = along,
                Basis = queries,
                Result = HeadRows.OfKeys(y, slice.RowStart, spec),
                Statistics = op.Statistics.OnHost(),
                Residuals = residuals,
            }.Run(context);
        }
    }
}
