using System.Diagnostics;
using VlmSharp.Hub;

namespace VlmSharp.Cli.Output;

/// <summary>
/// Progress of a pull on standard error: on a terminal a line that is redrawn, elsewhere a line every ten seconds; plus one line for each
/// finished file.
/// </summary>
/// <param name="output">Receives the progress.</param>
/// <param name="columns">Columns of the terminal; null if there is no terminal.</param>
internal sealed class PullProgress(TextWriter output, int? columns) : IProgress<HubProgress>
{
    private readonly StatusLine status = new(output, columns);
    private readonly Lock writing = new();
    private long start;

    public void Report(HubProgress value)
    {
        lock (writing)
        {
            if (start == 0 && value.Received > 0) start = Stopwatch.GetTimestamp();
            switch (value.Activity)
            {
                case HubActivity.FileDone:
                    status.Clear();
                    output.WriteLine($"{value.File}  {ByteText.Of(value.FileSize)}");
                    break;
                case HubActivity.Waiting:
                    status.Clear();
                    output.WriteLine($"{value.File}: another process fetches it; waiting for that one");
                    break;
                default:
                    status.Report(_ => Line(value, start == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(start)));
                    break;
            }
        }
    }

    /// <summary>Removes the line from a terminal.</summary>
    public void Clear()
    {
        lock (writing) status.Clear();
    }

    /// <summary>For instance "model.safetensors 1.20 GB of 5.85 GB | all 1.32 GB of 5.97 GB, 35.2 MB/s, 2 min left".</summary>
    /// <param name="value">Bytes of the current file and of all files.</param>
    /// <param name="elapsed">Time since the first bytes arrived.</param>
    /// <returns>The line.</returns>
    internal static string Line(HubProgress value, TimeSpan elapsed)
    {
        if (value.Activity == HubActivity.Listing) return "asking the hub what files there are";
        string file = $"{value.File} {ByteText.Of(value.FileBytes)} of {ByteText.Of(value.FileSize)}";
        if (value.Activity == HubActivity.Checking) return $"{file}: reading what is there";
        double rate = value.Received / Math.Max(elapsed.TotalSeconds, 1e-3);
        string pace = value.Received == 0 || elapsed == TimeSpan.Zero
            ? ""
            : $", {ByteText.Of(rate)}/s, {StatusLine.Span((value.TotalSize - value.TotalBytes) / rate)} left";
        return $"{file} | all {ByteText.Of(value.TotalBytes)} of {ByteText.Of(value.TotalSize)}{pace}";
    }
}
