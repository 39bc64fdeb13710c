using VlmSharp.Compute.Host;

namespace VlmSharp.Compute.Reference;

/// <summary>Embedding lookup: y[t] = scale * table[ids[t]].</summary>
internal static class Embed
{
    public static void Execute(HostWeight table, ReadOnlySpan<int> ids, float scale, HostMatrix y)
    {
        for (int t = 0; t < ids.Length; t++)
            for (int f = 0; f < table.Columns; f++)
                y.Row(t)[f] = scale * table.At(ids[t], f);
    }
}
