using System.Globalization;
using System.Text;

namespace VlmSharp.Cli.Output;

/// <summary>
/// Standard error. A line is a message: characters that a terminal would obey are shown as escapes, since names of files and words of the
/// command line are in it. What is written without a line's end (the status line, bars) goes through as it is. Where
/// standard error cannot be written (a full disk, a pipe whose reader has gone), messages are lost, and the work goes on.
/// </summary>
/// <param name="inner">Where it goes.</param>
internal sealed class MessageWriter(TextWriter inner) : TextWriter(CultureInfo.InvariantCulture)
{
    // Characters that turn the direction of what follows: a name can look like another one.
    private const string Turning = "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069";

    public override Encoding Encoding => inner.Encoding;

    /// <summary>A text as a terminal may show it; a line's end and a tab stay.</summary>
    public static string Plain(string text)
    {
        if (!text.Any(IsObeyed)) return text;
        var plain = new StringBuilder();
        foreach (char c in text) plain.Append(IsObeyed(c) ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : c);
        return plain.ToString();
    }

    private static bool IsObeyed(char c) => (char.IsControl(c) && c is not ('\n' or '\t')) || Turning.Contains(c, StringComparison.Ordinal);

    public override void Write(char value) => Try(() => inner.Write(value));

    public override void Write(string? value) => Try(() => inner.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

    public override void WriteLine() => Try(inner.WriteLine);

    public override void WriteLine(string? value) => Try(() => inner.WriteLine(Plain(value ?? "")));

    public override Task WriteLineAsync(string? value)
    {
        WriteLine(value);
        return Task.CompletedTask;
    }

    public override void Flush() => Try(inner.Flush);

    private static void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            // nobody could be told
        }
    }
}
