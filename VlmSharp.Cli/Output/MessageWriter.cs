using System.Globalization;
using System.Text;

namespace VlmSharp.Cli.Output;

/// <summary>
/// Standard error. A line is a message: control characters and line breaks in it are shown as escapes, since a message can contain file
/// names and words of the command line. A message of several lines is written line by line. Text without a line ending (the status line,
/// bars) is passed on unchanged. If standard error cannot be written (a full disk, a pipe whose reader has gone), messages are lost and the
/// work continues.
/// </summary>
/// <param name="inner">The underlying writer.</param>
internal sealed class MessageWriter(TextWriter inner) : TextWriter(CultureInfo.InvariantCulture)
{
    // Characters that change the direction of the text after them, so that one name can look like another.
    private const string Turning = "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069";

    public override Encoding Encoding => inner.Encoding;

    /// <summary>The text in a form that is safe on a terminal; line breaks and tabs stay.</summary>
    public static string Plain(string text) => Escape(text, IsObeyed);

    /// <summary>The same on one line: line breaks are escapes too, and only tabs stay.</summary>
    public static string Line(string text) => Escape(text, static c => c == '\n' || IsObeyed(c));

    /// <summary>
    /// The name of a file in a line of standard output, where only a line break is an escape: programs split the output into lines, and
    /// on a terminal <see cref="OutputWriter"/> escapes the rest.
    /// </summary>
    public static string Name(string name) => Escape(name, static c => c is '\n' or '\r');

    private static string Escape(string text, Func<char, bool> isEscaped)
    {
        if (!text.Any(isEscaped)) return text;
        var plain = new StringBuilder();
        foreach (char c in text) plain.Append(isEscaped(c) ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : c);
        return plain.ToString();
    }

    private static bool IsObeyed(char c) => (char.IsControl(c) && c is not ('\n' or '\t')) || Turning.Contains(c, StringComparison.Ordinal);

    public override void Write(char value) => Try(() => inner.Write(value));

    public override void Write(string? value) => Try(() => inner.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

    public override void WriteLine() => Try(inner.WriteLine);

    public override void WriteLine(string? value) => Try(() => inner.WriteLine(Line(value ?? "")));

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
            // there is no other way to report this
        }
    }
}
