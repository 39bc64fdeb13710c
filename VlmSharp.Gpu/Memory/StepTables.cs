using VlmSharp.Compute;

namespace VlmSharp.Gpu.Memory;

/// <summary>
/// The tables of the batches that are in use. A batch has its table in the same place as long as it has as many words, for a recorded step reads it there.
/// </summary>
/// <param name="context">The device.</param>
internal sealed class StepTables(GpuContext context)
{
    private const int MostWordsOnStack = 1024;

    private readonly List<Place> places = [];

    /// <summary>The last one that was prepared.</summary>
    public DeviceStepTable? Last { get; private set; }

    /// <summary>Writes the table of a batch as it is now, behind what is queued and reads it as it was.</summary>
    public DeviceStepTable Prepare(SequenceBatch batch)
    {
        int count = DeviceStepTable.WordCount(batch);
        var table = new DeviceStepTable(batch, Find(batch, (long)count * sizeof(int)));
        Span<int> words = count <= MostWordsOnStack ? stackalloc int[count] : new int[count];
        table.Fill(words);
        context.Staging.Copy<int>(words, table.Words);
        return Last = table;
    }

    private DeviceBlock Find(SequenceBatch batch, long bytes)
    {
        for (int i = places.Count - 1; i >= 0; i--)
        {
            bool isAlive = places[i].Batch.TryGetTarget(out SequenceBatch? other);
            if (isAlive && other != batch) continue;
            if (isAlive && places[i].Block.Buffer.LengthInBytes >= bytes) return places[i].Block;
            places[i].Handle.Dispose(); // nobody has that batch any more, or it has outgrown its place
            places.RemoveAt(i);
        }

        DeviceBlock block = context.Pool.Rent(bytes);
        places.Add(new Place(new(batch), block, new Indices(block, [])));
        return block;
    }

    private readonly record struct Place(WeakReference<SequenceBatch> Batch, DeviceBlock Block, Indices Handle);
}
