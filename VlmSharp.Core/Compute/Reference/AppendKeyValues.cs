using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<AppendKeyValues>
{
    /// <summary>Copies the step's rows after the past tokens of their sequence.</summary>
    public void Run(in AppendKeyValues op, HostMatrix y)
    {
        HostMatrix k = op.K.OnHost(), v = op.V.OnHost();
        foreach (SequenceSlice slice in op.Step.Batch.Slices)
        {
            HostKvCache cache = slice.Cache.OnHost();
            HostMatrix keys = cache.Keys(op.Layer), values = cache.Values(op.Layer);
            for (int i = 0; i < slice.RowCount; i++)
            {
                k.Row(slice.RowStart + i).CopyTo(keys.Row(slice.Past + i));
                v.Row(slice.RowStart + i).CopyTo(values.Row(slice.Past + i));
            }
        }
    }
}
