using System.Diagnostics;

namespace VlmSharp.Cli.Output;

/// <summary>A progress line: on a terminal it is redrawn, elsewhere a new line is written every ten seconds.</summary>
/// <param name="output">Receives the progress.</param>
/// <param name="columns">Columns of the terminal; null if there is no terminal.</param>
internal sealed class StatusLine(TextWriter output, int? columns)
{
    private static readonly TimeSpan OnTerminal = TimeSpan.FromMilliseconds(200), Elsewhere = TimeSpan.FromSeconds(10);

    private bool drawn;
    private long shown = columns is not null ? 0 : Stopwatch.GetTimestamp();

    /// <summary>Shows a line, unless another was shown a moment ago.</summary>
    /// <param name="line">Makes the line; its argument is whether the line is for a terminal.</param>
    public void Report(Func<bool, string> line)
    {
        if (Stopwatch.GetElapsedTime(shown) < (columns is not null ? OnTerminal : Elsewhere)) return;
        shown = Stopwatch.GetTimestamp();
        string text = MessageWriter.Line(line(columns is not null)); // it can contain the name of a file
        if (columns is not { } width)
        {
            output.WriteLine(text);
            return;
        }

        output.Write($"\r{(text.Length < width ? text : text[..Math.Max(0, width - 1)])}\u001b[K"); // a wrapped line cannot be redrawn
        drawn = true;
    }

    /// <summary>Removes the line from a terminal so that other text can be written; the next report draws it again.</summary>
    public void Clear()
    {
        if (!drawn) return;
        output.Write("\r\u001b[K");
        drawn = false;
    }

    /// <summary>A time in the largest unit that fits, for instance "52 s", "12 min" or "3 h".</summary>
    public static string Span(double seconds) => seconds switch
    {
        < 100 => $"{seconds:0} s",
        < 6000 => $"{seconds / 60:0} min",
        _ => $"{seconds / 3600:0} h",
    };
}
