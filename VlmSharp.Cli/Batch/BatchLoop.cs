namespace VlmSharp.Cli.Batch;

/// <summary>Writes the records of a shard as they come, and tells how far it is.</summary>
/// <param name="sink">Where they go.</param>
/// <param name="total">Records of the whole shard.</param>
/// <param name="shown">Whether progress is told on standard error.</param>
internal sealed class BatchLoop(IRecordSink sink, long total, bool shown)
{
    /// <summary>Whether it must stop before its end.</summary>
    public Func<bool> MustStop { get; init; } = () => false;

    /// <summary>What is said behind the last figures; empty for nothing.</summary>
    public string Remark { get; init; } = "";

    /// <summary>Hears of each record once it is written; null for nothing.</summary>
    public Action<BatchRunner.Record>? Written { get; init; }

    /// <summary>Runs to the end of the records.</summary>
    /// <param name="records">Those that are left.</param>
    /// <returns>Whether the end was reached.</returns>
    public async Task<bool> RunAsync(IAsyncEnumerable<BatchRunner.Record> records)
    {
        var progress = new BatchProgress(Console.Error, Console.IsErrorRedirected ? null : Console.WindowWidth, total, sink.Records);
        bool shared = sink is StandardOutputSink && !Console.IsOutputRedirected; // bar and records on one terminal
        bool mustStop = MustStop(); // because of an earlier process
        try
        {
            if (!mustStop)
            {
                await foreach (BatchRunner.Record record in records)
                {
                    if (shared) progress.Clear();
                    sink.Append(record.Line, record.IsError);
                    Written?.Invoke(record);
                    if (shown) progress.Report(sink.Records, sink.Errors);
                    if (mustStop = MustStop()) break;
                }
            }

            if (!mustStop) sink.Complete();
        }
        finally
        {
            if (shown)
            {
                progress.Clear();
                await Console.Error.WriteLineAsync(progress.Line(sink.Records, sink.Errors) + Remark);
            }
        }

        return !mustStop;
    }
}
