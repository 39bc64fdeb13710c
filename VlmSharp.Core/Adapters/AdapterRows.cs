using VlmSharp.Compute;

namespace VlmSharp.Adapters;

/// <summary>Which rows of a step take which adapter.</summary>
internal sealed class AdapterRows : IDisposable
{
    /// <summary>No row takes an adapter.</summary>
    public static readonly AdapterRows None = new([], []);

    private readonly (object? Adapter, int Rows)[] layout; // of the step, sequence by sequence
    private readonly (Adapter Adapter, Indices Rows)[] parts;

    private AdapterRows((object? Adapter, int Rows)[] layout, (Adapter Adapter, Indices Rows)[] parts) =>
        (this.layout, this.parts) = (layout, parts);

    /// <summary>The adapters of the step with their rows; <c>default</c> means all rows.</summary>
    public ReadOnlySpan<(Adapter Adapter, Indices Rows)> Parts => parts;

    /// <summary>
    /// What a recording of the step depends on: null if no adapter takes part, the adapter if all rows take it, otherwise this object,
    /// whose indices the recording reads.
    /// </summary>
    public object? Identity => parts switch
    {
        [] => null,
        [{ Rows.HasValue: false }] => parts[0].Adapter,
        _ => this,
    };

    /// <summary>All rows of every step take one adapter.</summary>
    public static AdapterRows All(Adapter adapter) => new([], [(adapter, default)]);

    /// <summary>Groups the rows of a step by the adapters of its sequences.</summary>
    /// <param name="batch">The step's sequences, each with its adapter or none.</param>
    /// <param name="b">The backend that takes the row numbers.</param>
    public static AdapterRows Of(SequenceBatch batch, IComputeBackend b)
    {
        var layout = new List<(object? Adapter, int Rows)>();
        var rows = new Dictionary<Adapter, List<int>>();
        foreach (SequenceSlice slice in batch.Slices)
        {
            layout.Add((slice.Adapter, slice.RowCount));
            if (slice.Adapter is not Adapter adapter) continue;
            if (!rows.TryGetValue(adapter, out List<int>? own)) rows.Add(adapter, own = []);
            own.AddRange(Enumerable.Range(slice.RowStart, slice.RowCount));
        }

        var made = new AdapterRows([.. layout], [.. rows.Keys.Select(adapter => (adapter, default(Indices)))]);
        try
        {
            for (int i = 0; i < made.parts.Length; i++)
            {
                List<int> own = rows[made.parts[i].Adapter];
                if (own.Count < batch.TotalRows) made.parts[i].Rows = b.Upload([.. own]);
            }

            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    /// <summary>Whether a step has the same rows with the same adapters.</summary>
    public bool Fits(SequenceBatch batch)
    {
        ReadOnlySpan<SequenceSlice> slices = batch.Slices;
        if (slices.Length != layout.Length) return false;
        for (int i = 0; i < slices.Length; i++)
            if (slices[i].Adapter != layout[i].Adapter || slices[i].RowCount != layout[i].Rows) return false;
        return true;
    }

    /// <summary>Frees the row numbers.</summary>
    public void Dispose()
    {
        foreach ((_, Indices rows) in parts) rows.Dispose();
    }
}
