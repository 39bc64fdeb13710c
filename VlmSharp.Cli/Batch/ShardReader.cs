namespace VlmSharp.Cli.Batch;

/// <summary>
/// Reads the records of a shard one by one. The file is open only while a block of records is read: a run may have more shards than a
/// process may have open files.
/// </summary>
/// <param name="path">The shard's file.</param>
internal sealed class ShardReader(string path)
{
    private const int BlockBytes = 1 << 16;

    private readonly Queue<byte[]> block = [];
    private long end; // of the block in the file

    /// <summary>The shard's file.</summary>
    public string Path => path;

    /// <summary>The next record, without its line ending; null after the last one.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public byte[]? Next()
    {
        if (block.Count == 0) ReadBlock();
        return block.TryDequeue(out byte[]? record) ? record : null;
    }

    private void ReadBlock()
    {
        using FileStream stream = File.OpenRead(path);
        stream.Position = end;
        long enough = end + BlockBytes;
        foreach (byte[] record in ShardFile.Lines(stream))
        {
            block.Enqueue(record);
            end += record.Length + 1;
            if (end >= enough) return;
        }
    }
}
