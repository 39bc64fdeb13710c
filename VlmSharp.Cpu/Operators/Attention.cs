using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Attention;

namespace VlmSharp.Cpu.Operators;

internal sealed partial class CpuOperators<V> : IKernel<Attention>
{
    /// <summary>
    /// y_i = sum_j softmax_j(cap(scale q_i . k_j)) v_j for each sequence over its own rows: <see cref="TiledAttention{V}"/>.
    /// </summary>
    public void Run(in Attention op, HostMatrix y)
    {
        HostMatrix k = op.K.OnHost(), v = op.V.OnHost();
        foreach (SequenceSlice slice in op.Step.Batch.Slices)
        {
            HostMatrix keys = k.Part(slice.RowStart, slice.RowCount), values = v.Part(slice.RowStart, slice.RowCount);
            TiledAttention<V>.Run(context, op.Q.OnHost(), keys, values, slice, op.Spec, y);
        }
    }
}
