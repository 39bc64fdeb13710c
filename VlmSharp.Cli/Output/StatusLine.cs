using System.Diagnostics;

namespace VlmSharp.Cli.Output;

/// <summary>How far something is: on a terminal a line that is drawn over, elsewhere a new line every ten seconds.</summary>
/// <param name="output">Where it is shown.</param>
/// <param name="columns">Columns of the terminal; null where there is none.</param>
internal sealed class StatusLine(TextWriter output, int? columns)
{
    private static readonly TimeSpan OnTerminal = TimeSpan.FromMilliseconds(200), Elsewhere = TimeSpan.FromSeconds(10);

    private bool drawn;
    private long shown = columns is not null ? 0 : Stopwatch.GetTimestamp();

    /// <summary>Shows a line, unless one was shown just before.</summary>
    /// <param name="line">Makes the line; gets whether it is for a terminal.</param>
    public void Report(Func<bool, string> line)
    {
        if (Stopwatch.GetElapsedTime(shown) < (columns is not null ? OnTerminal : Elsewhere)) return;
        shown = Stopwatch.GetTimestamp();
        string text = line(columns is not null);
        if (columns is not { } width)
        {
            output.WriteLine(text);
            return;
        }

        output.Write($"\r{(text.Length < width ? text : text[..Math.Max(0, width - 1)])}\u001b[K"); // what wraps cannot be drawn over
        drawn = true;
    }

    /// <summary>Removes the line from a terminal, so that something else may be written; the next report draws it again.</summary>
    public void Clear()
    {
        if (!drawn) return;
        output.Write("\r\u001b[K");
        drawn = false;
    }
}
