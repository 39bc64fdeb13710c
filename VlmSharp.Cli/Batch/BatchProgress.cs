using System.Diagnostics;
using System.Globalization;

namespace VlmSharp.Cli.Batch;

/// <summary>How far a batch is: a bar that redraws itself on a terminal, a line every ten seconds elsewhere.</summary>
internal sealed class BatchProgress(TextWriter output, bool terminal, long total, long before)
{
    private static readonly TimeSpan OnTerminal = TimeSpan.FromMilliseconds(200), Elsewhere = TimeSpan.FromSeconds(10);

    private readonly long start = Stopwatch.GetTimestamp();
    private long shown = terminal ? 0 : Stopwatch.GetTimestamp();

    /// <summary>Tells how many items have a record by now.</summary>
    public void Report(long done, long errors)
    {
        if (Stopwatch.GetElapsedTime(shown) < (terminal ? OnTerminal : Elsewhere)) return;
        shown = Stopwatch.GetTimestamp();
        if (terminal) output.Write($"\r{Bar(done)} {Line(done, errors)}\u001b[K");
        else output.WriteLine(Line(done, errors));
    }

    /// <summary>Removes the bar.</summary>
    public void Clear()
    {
        if (terminal) output.Write("\r\u001b[K");
    }

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
        string left = rate > 0 && done < total ? $", {Span((total - done) / rate)} left" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{done} of {total}, {errors} {(errors == 1 ? "error" : "errors")}, {rate:0.0} a second{left}");
    }

    private static string Span(double seconds) => seconds switch
    {
        < 100 => $"{seconds:0} s",
        < 6000 => $"{seconds / 60:0} min",
        _ => $"{seconds / 3600:0} h",
    };
}
