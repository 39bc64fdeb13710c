using VlmSharp.Compute;

namespace VlmSharp.Adapters;

/// <summary>Which rows of a step take which adapter.</summary>
internal sealed class AdapterRows : IDisposable
{
    /// <summary>All rows take the model as it is.</summary>
    public static readonly AdapterRows None = new([], []);

    private readonly (object? Adapter, int Rows)[] layout; // of the step, sequence by sequence
    private readonly (Adapter Adapter, Indices Rows)[] parts;

    private AdapterRows((object? Adapter, int Rows)[] layout, (Adapter Adapter, Indices Rows)[] parts) => (this.layout, this.parts) = (layout, parts);

    /// <summary>The adapters of the step; where a part's rows are <c>default</c> they are all.</summary>
    public ReadOnlySpan<(Adapter Adapter, Indices Rows)> Parts => parts;

    /// <summary>
    /// What a recording of the step depends on: null where no adapter takes part, the adapter where all rows take it, else this very object, whose
    /// indices the recording reads.
    /// </summary>
    public object? Identity => parts switch
    {
        [] => null,
        [{ Rows.HasValue: false }] => parts[0].Adapter,
        _ => this,
    };

    /// <summary>All rows of whatever step take one adapter.</summary>
    public static AdapterRows All(Adapter adapter) => new([], [(adapter, default)]);

    /// <summary>The rows of a step by the adapters of its sequences.</summary>
    /// <param name="batch">The step.</param>
    /// <param name="b">Takes the row numbers.</param>
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

        return new AdapterRows([.. layout], [.. rows.Select(r => (r.Key, r.Value.Count == batch.TotalRows ? default : b.Upload([.. r.Value])))]);
    }

    /// <summary>Whether a step divides its rows in the same way.</summary>
    public bool Fits(SequenceBatch batch)
    {
        ReadOnlySpan<SequenceSlice> slices = batch.Slices;
        if (slices.Length != layout.Length) return false;
        for (int i = 0; i < slices.Length; i++)
            if (slices[i].Adapter != layout[i].Adapter || slices[i].RowCount != layout[i].Rows) return false;
        return true;
    }

    /// <summary>Gives the row numbers back.</summary>
    public void Dispose()
    {
        foreach ((_, Indices rows) in parts) rows.Dispose();
    }
}
