using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<CopyKeyValues>
{
    /// <summary>Rows [start, start + count) of every layer.</summary>
    public void Run(in CopyKeyValues op, HostMatrix y)
    {
        HostKvCache from = op.Source.OnHost(), to = op.Destination.OnHost();
        for (int layer = 0; layer < from.Layers; layer++)
            for (int i = op.Start; i < op.Start + op.Count; i++)
            {
                from.Keys(layer).Row(i).CopyTo(to.Keys(layer).Row(i));
                from.Values(layer).Row(i).CopyTo(to.Values(layer).Row(i));
            }
    }
}
