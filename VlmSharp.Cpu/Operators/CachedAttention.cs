using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Kernels.Attention;

namespace VlmSharp.Cpu.Operators;

internal sealed partial class CpuOperators<V> : IKernel<CachedAttention>
{
    /// <summary>The equation of attention over the rows in each sequence's cache: <see cref="TiledAttention{V}"/>.</summary>
    public void Run(in CachedAttention op, HostMatrix y)
    {
        foreach (SequenceSlice slice in op.Step.Batch.Slices)
        {
            HostKvCache cache = slice.Cache.OnHost();
            int length = slice.Past + slice.RowCount;
            HostMatrix keys = cache.Keys(op.Layer).Part(0, length), values = cache.Values(op.Layer).Part(0, length);
            TiledAttention<V>.Run(context, op.Q.OnHost(), keys, values, slice, op.Spec, y);
        }
    }
}
