using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<CachedAttention>
{
    /// <summary>The equation of attention over the rows in each sequence's cache.</summary>
    public void Run(in CachedAttention op, HostMatrix y)
    {
        foreach (SequenceSlice slice in op.Step.Batch.Slices)
        {
            HostKvCache cache = slice.Cache.OnHost();
            int length = slice.Past + slice.RowCount;
            Attend(op.Q.OnHost(), cache.Keys(op.Layer).Part(0, length), cache.Values(op.Layer).Part(0, length), slice, op.Spec, y);
        }
    }
}
