using ILGPU;
using VlmSharp.Compute;

namespace VlmSharp.Gpu.Memory;

/// <summary>
/// The sequences of a step in device memory. Kernels read lengths and places there, so that a recorded step stays valid while the sequences
/// grow.
/// <code>
/// sequence i, 8 integers:  first row, rows, past, prefix length, start of its keys (lower 32 bits, upper 32 bits), capacity, first key row
/// row t, 1 integer:        the sequence that it belongs to
/// </code>
/// A sequence with a cache has its keys at <c>start</c> in the arena. Without a cache, they are rows of the step's own block of keys and
/// values, and capacity = T.
/// </summary>
internal sealed class DeviceStepTable : StepTable
{
    /// <summary>Integers per sequence in <see cref="Sequences"/>.</summary>
    public const int Fields = 8;

    /// <summary>The index of each field of a sequence.</summary>
    public const int RowStart = 0, RowCount = 1, Past = 2, PrefixLength = 3, StartLow = 4, StartHigh = 5, Capacity = 6, KeyRow = 7;

    /// <summary>The table's memory.</summary>
    public DeviceBlock Block { get; }

    /// <summary>Creates the table of a batch.</summary>
    public DeviceStepTable(SequenceBatch batch, DeviceBlock block) : base(batch) => Block = block;

    /// <summary>The number of sequences.</summary>
    public int Slices { get; private set; }

    /// <summary>Rows of the sequence with the most rows.</summary>
    public int MostRows { get; private set; }

    /// <summary>Whether a sequence has one row, as in decode.</summary>
    public bool HasSingleRows { get; private set; }

    /// <summary>
    /// The most keys that a sequence can have while the same step is replayed: the largest capacity, or rows without caches.
    /// </summary>
    public int MostKeys { get; private set; }

    /// <summary>
    /// Whether work that was queued for another table in the same memory is also right for this one: there are as many sequences of the
    /// same kinds, and none can grow longer.
    /// </summary>
    /// <param name="recorded">The table that the work was queued for.</param>
    public bool Fits(DeviceStepTable recorded) =>
        Slices == recorded.Slices && Rows == recorded.Rows && MostRows == recorded.MostRows
        && HasSingleRows == recorded.HasSingleRows && MostKeys <= recorded.MostKeys && Block == recorded.Block;

    /// <summary>The whole table.</summary>
    public ArrayView<int> Words => Block.Buffer.View.BaseView.Cast<int>().SubView(0, WordCount(Batch));

    /// <summary>[sequences, 8].</summary>
    public ArrayView<int> Sequences => Block.Buffer.View.BaseView.Cast<int>().SubView(0, (long)Slices * Fields);

    /// <summary>[T].</summary>
    public ArrayView<int> RowSequences => Block.Buffer.View.BaseView.Cast<int>().SubView((long)Slices * Fields, Rows);

    /// <summary>The number of words in a batch's table.</summary>
    public static int WordCount(SequenceBatch batch) => checked(batch.Slices.Length * Fields + batch.TotalRows);

    /// <summary>Writes the words of the batch's current state.</summary>
    public void Fill(Span<int> words)
    {
        SequenceBatch batch = Batch;
        (Slices, MostRows, HasSingleRows, MostKeys) = (batch.Slices.Length, 0, false, 0);
        int at = 0, rowAt = batch.Slices.Length * Fields;
        for (int i = 0; i < batch.Slices.Length; i++, at += Fields)
        {
            SequenceSlice slice = batch.Slices[i];
            MostRows = Math.Max(MostRows, slice.RowCount);
            HasSingleRows |= slice.RowCount == 1;
            MostKeys = Math.Max(MostKeys, slice.Cache?.Capacity ?? slice.RowCount);
            long start = slice.Cache is null ? 0 : slice.Cache.OnDevice().Start;
            words[at + RowStart] = slice.RowStart;
            words[at + RowCount] = slice.RowCount;
            words[at + Past] = slice.Past;
            words[at + PrefixLength] = slice.PrefixLength;
            words[at + StartLow] = (int)(uint)start;
            words[at + StartHigh] = (int)(start >> 32);
            words[at + Capacity] = slice.Cache?.Capacity ?? batch.TotalRows;
            words[at + KeyRow] = slice.Cache is null ? slice.RowStart : 0;
            for (int row = 0; row < slice.RowCount; row++) words[rowAt++] = i;
        }
    }
}
