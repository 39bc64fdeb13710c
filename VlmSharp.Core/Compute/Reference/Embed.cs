using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<Embed>
{
    /// <summary>y[t] = scale * table[id_t].</summary>
    public void Run(in Embed op, HostMatrix y)
    {
        HostWeight table = op.Table.OnHost();
        ReadOnlySpan<int> ids = op.Ids.OnHost();
        for (int t = 0; t < ids.Length; t++)
        {
            int id = op.IdOf(ids[t]);
            for (int f = 0; f < table.Columns; f++)
                y.Row(t)[f] = op.Scale * table.At(id, f);
        }
    }
}
