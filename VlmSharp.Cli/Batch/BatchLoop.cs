using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.Batch;

/// <summary>Writes the records of a shard as they arrive and reports progress.</summary>
/// <param name="sink">Receives the records.</param>
/// <param name="total">Number of records of the whole shard.</param>
/// <param name="shown">Whether progress is shown on standard error.</param>
internal sealed class BatchLoop(IRecordSink sink, long total, bool shown)
{
    /// <summary>Whether the run must stop before its end.</summary>
    public Func<bool> MustStop { get; init; } = () => false;

    /// <summary>Text shown after the final counts; empty for none.</summary>
    public string Remark { get; init; } = "";

    /// <summary>The next note about the requests, which is shown with the progress; null if there is none.</summary>
    public Func<string?> NextNote { get; init; } = () => null;

    /// <summary>Called for each record after it is written; null for no call.</summary>
    public Action<BatchRunner.Record>? Written { get; init; }

    /// <summary>Runs until the records end or the run must stop.</summary>
    /// <param name="records">The remaining records.</param>
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
                    if (shown) await ShowAsync(progress);
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

    private async Task ShowAsync(BatchProgress progress)
    {
        if (NextNote() is { } note)
        {
            progress.Clear();
            await RequestNotes.WriteAsync(note);
        }

        progress.Report(sink.Records, sink.Errors);
    }
}
