using System.Diagnostics;
using System.Globalization;
using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.Batch;

/// <summary>Progress of a batch: on a terminal a bar that is redrawn in place, elsewhere a line every ten seconds.</summary>
/// <param name="output">Receives the progress.</param>
/// <param name="columns">Columns of the terminal; null if there is no terminal.</param>
/// <param name="total">Number of items.</param>
/// <param name="before">Number of items that had a record at the start.</param>
internal sealed class BatchProgress(TextWriter output, int? columns, long total, long before)
{
    private readonly long start = Stopwatch.GetTimestamp();
    private readonly StatusLine status = new(output, columns);

    /// <summary>Reports how many items have a record so far.</summary>
    public void Report(long done, long errors) =>
        status.Report(isTerminal => isTerminal ? $"{Bar(done)} {Line(done, errors)}" : Line(done, errors));

    /// <summary>Removes the bar so that other text can be written; the next report draws it again.</summary>
    public void Clear() => status.Clear();

    private string Bar(long done)
    {
        const int Width = 24;
        int filled = (int)(total == 0 ? Width : done * Width / total);
        return $"[{new string('#', filled)}{new string('.', Width - filled)}]";
    }

    /// <summary>For instance "412 of 1000, 2 errors, 11.3 a second, 52 s left".</summary>
    public string Line(long done, long errors)
    {
        double rate = (done - before) / Math.Max(Stopwatch.GetElapsedTime(start).TotalSeconds, 1e-3);
        string left = rate > 0 && done < total ? $", {StatusLine.Span((total - done) / rate)} left" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{done} of {total}, {errors} {(errors == 1 ? "error" : "errors")}, {rate:0.0} a second{left}");
    }
}
