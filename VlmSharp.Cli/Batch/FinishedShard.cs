namespace VlmSharp.Cli.Batch;

/// <summary>A shard that already has all its records, so nothing is written.</summary>
/// <param name="Records">Number of records.</param>
/// <param name="Errors">Number of error records.</param>
internal sealed record FinishedShard(long Records, long Errors) : IRecordSink
{
    public void Append(ReadOnlySpan<byte> line, bool isError) => throw new InvalidOperationException("The shard is finished.");

    public void Complete()
    {
    }

    public void Dispose()
    {
    }
}
