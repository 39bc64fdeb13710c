using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Host;

/// <summary>Converts handles to memory for kernels on the host.</summary>
internal static unsafe class HostViews
{
    public static HostMatrix OnHost(this Matrix x) => x.Storage is HostStorage host
        ? new HostMatrix(host.Data, x.Rows, x.Columns)
        : throw new ArgumentException($"The matrix {x} belongs to another backend.");

    /// <summary>The same, or <c>default</c> for a missing argument.</summary>
    public static HostMatrix OptionalOnHost(this Matrix x) => x.HasValue ? x.OnHost() : default;

    public static ReadOnlySpan<int> OnHost(this Indices indices) => indices.Storage is HostStorage host
        ? new ReadOnlySpan<int>(host.Data, indices.Count)
        : throw new ArgumentException($"The indices {indices} belong to another backend.");

    public static HostWeight OnHost(this Weight weight) =>
        weight as HostWeight ?? throw new ArgumentException($"The weight {weight} belongs to another backend.");

    public static HostKvCache OnHost(this KvCache? cache) =>
        cache as HostKvCache ?? throw new ArgumentException("A sequence has no KV cache of this backend.");

    /// <summary>The token of an entry of an embedding's ids: the entry itself, or for a negative entry a token of the choice.</summary>
    public static int IdOf(this in Embed op, int entry)
    {
        if (entry >= 0) return entry;
        int id = new ChosenToken(op.Choice.OnHost().Row(-1 - entry)).Id;
        return (uint)id < (uint)op.Table.Rows
            ? id
            : throw new ArgumentException($"Embed: the chosen id {id} is outside the table {op.Table}.");
    }

    /// <summary>Some rows of a matrix.</summary>
    public static HostMatrix Part(this HostMatrix x, int first, int rows) => new(x.RowPointer(first), rows, x.Columns);
}
