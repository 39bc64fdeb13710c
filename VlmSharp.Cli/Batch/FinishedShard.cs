namespace VlmSharp.Cli.Batch;

/// <summary>A shard that has all its records: there is nothing to write.</summary>
/// <param name="Records">How many they are.</param>
/// <param name="Errors">How many of them are errors.</param>
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
