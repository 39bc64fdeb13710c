using VlmSharp.Compute;

namespace VlmSharp.Gpu.Memory;

/// <summary>
/// The tables of the batches in use. A batch keeps its table in the same place as long as it fits there, because a recorded step reads it
/// there.
/// </summary>
/// <param name="context">The device that the tables are copied to.</param>
internal sealed class StepTables(GpuContext context)
{
    private const int MostWordsOnStack = 1024;

    private readonly List<Place> places = [];

    /// <summary>The table that was prepared last.</summary>
    public DeviceStepTable? Last { get; private set; }

    /// <summary>Writes the table of the batch's current state, after queued work that reads the old one.</summary>
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
            places[i].Handle.Dispose(); // nobody uses that batch any more, or its table has outgrown the place
            places.RemoveAt(i);
        }

        DeviceBlock block = context.Pool.Rent(bytes);
        places.Add(new Place(new(batch), block, new Indices(block, [])));
        return block;
    }

    private readonly record struct Place(WeakReference<SequenceBatch> Batch, DeviceBlock Block, Indices Handle);
}
