using System.Runtime.InteropServices;

namespace VlmSharp.Compute;

/// <summary>
/// One sequence's part of a step: rows <c>[RowStart, RowStart + RowCount)</c> of the step's activations are the tokens
/// <c>[Past, Past + RowCount)</c> of the sequence.
/// </summary>
/// <param name="RowStart">First row of the sequence in the step's matrices.</param>
/// <param name="RowCount">Rows of the sequence in this step: the whole prompt in prefill, one in decode.</param>
/// <param name="Past">Tokens of the sequence before this step, whose keys and values are in the cache.</param>
/// <param name="PrefixLength">
/// Length p of the bidirectional prefix. The mask of prefix-LM is this one number: token i sees token j iff
/// j &lt; max(p, i + 1). p = 0 is plain causal attention, p = the sequence length is full attention (the vision encoder).
/// With 4 image tokens, 3 prompt tokens and 2 generated ones, p = 7:
/// <code>
///            i i i i p p p s s
///   image  0 1 1 1 1 1 1 1 . .
///   ...
///   prompt 6 1 1 1 1 1 1 1 . .
///   suffix 7 1 1 1 1 1 1 1 1 .
///   suffix 8 1 1 1 1 1 1 1 1 1
/// </code>
/// </param>
/// <param name="Cache">The cache of its keys and values, or null when nothing is cached.</param>
public readonly record struct SequenceSlice(int RowStart, int RowCount, int Past, int PrefixLength, KvCache? Cache)
{
    /// <summary>The adapter whose low-rank products a backend adds for the sequence's rows; null for the unchanged model.</summary>
    public object? Adapter { get; init; }

    /// <summary>Number of leading tokens that token <paramref name="position"/> of the sequence may attend to.</summary>
    /// <param name="position">The token's place in the sequence, from 0.</param>
    /// <returns>max(PrefixLength, position + 1).</returns>
    public int VisibleEnd(int position) => Math.Max(PrefixLength, position + 1);

    /// <summary>First token that token <paramref name="position"/> may attend to under a sliding window.</summary>
    /// <param name="position">The token's place in the sequence, from 0.</param>
    /// <param name="window">Window W: only the last W tokens are seen, except inside the prefix; 0 for no window.</param>
    /// <returns>0 without a window or inside the prefix, else max(0, position - W + 1).</returns>
    public int VisibleStart(int position, int window) =>
        window <= 0 || position < PrefixLength ? 0 : Math.Max(0, position - window + 1);
}

/// <summary>
/// Which rows of a step belong to which sequence. Batches are ragged: prompts of different lengths, prefill and decode share one step
/// without padding, and the weights are read once for all of them. One object is built and then reused for every step.
/// </summary>
public sealed class SequenceBatch
{
    private readonly List<SequenceSlice> slices = [];
    private StepTable? table;

    /// <summary>
    /// The batch as an argument of operators, for backends that need no copy of it; see <see cref="IComputeBackend.Prepare"/>.
    /// </summary>
    public StepTable Table => table ??= new StepTable(this);

    /// <summary>The sequences in row order.</summary>
    public ReadOnlySpan<SequenceSlice> Slices => CollectionsMarshal.AsSpan(slices);

    /// <summary>Rows of the step: the sum over all sequences.</summary>
    public int TotalRows { get; private set; }

    /// <summary>Whether the sequences have caches: all of them or none.</summary>
    public bool IsCached => slices.Count > 0 && slices[0].Cache is not null;

    /// <summary>Removes all sequences, to describe the next step.</summary>
    public void Clear()
    {
        slices.Clear();
        TotalRows = 0;
    }

    /// <summary>Appends a sequence without a cache: it attends to its own rows of the step.</summary>
    /// <param name="rowCount">Its rows of the step, at least 1.</param>
    /// <param name="prefixLength">Length of its bidirectional prefix.</param>
    /// <param name="adapter">Its <see cref="SequenceSlice.Adapter"/>.</param>
    public void Add(int rowCount, int prefixLength, object? adapter = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rowCount);
        Append(new SequenceSlice(TotalRows, rowCount, 0, prefixLength, null) { Adapter = adapter });
    }

    /// <summary>Appends the next rows of a cached sequence.</summary>
    /// <param name="rowCount">Its rows in this step.</param>
    /// <param name="prefixLength">Length of its bidirectional prefix; the whole prefix must come in one step.</param>
    /// <param name="cache">Its cache; the tokens that it holds are the sequence's past.</param>
    /// <param name="adapter">Its <see cref="SequenceSlice.Adapter"/>.</param>
    /// <exception cref="ArgumentException">The cache has no room, or the prefix is split over steps.</exception>
    public void Add(int rowCount, int prefixLength, KvCache cache, object? adapter = null)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rowCount);
        if (cache.Length + rowCount > cache.Capacity)
            throw new ArgumentException($"The KV cache holds {cache.Length} of {cache.Capacity} tokens: no room for {rowCount} more.");
        if (cache.Length + rowCount < prefixLength)
            throw new ArgumentException($"The bidirectional prefix of {prefixLength} tokens must be processed in one step, "
                + $"but this step ends at token {cache.Length + rowCount}.");
        Append(new SequenceSlice(TotalRows, rowCount, cache.Length, prefixLength, cache) { Adapter = adapter });
    }

    private void Append(in SequenceSlice slice)
    {
        if (slices.Count > 0 && IsCached != slice.Cache is not null)
            throw new ArgumentException("A step's sequences have caches all or none: this one mixes them.");
        slices.Add(slice);
        TotalRows = checked(TotalRows + slice.RowCount);
    }

    /// <summary>The sequence that a row belongs to.</summary>
    /// <param name="row">A row of the step.</param>
    /// <returns>Its sequence.</returns>
    public SequenceSlice SliceOf(int row)
    {
        foreach (SequenceSlice slice in Slices)
            if (row >= slice.RowStart && row < slice.RowStart + slice.RowCount) return slice;
        throw new ArgumentException($"Row {row} is outside of the step's {TotalRows} rows.");
    }

    /// <summary>Ends the step: the length of every cache grows by the rows that were appended to it.</summary>
    public void Advance()
    {
        foreach (SequenceSlice slice in Slices) slice.Cache?.Grow(slice.RowCount);
    }
}
