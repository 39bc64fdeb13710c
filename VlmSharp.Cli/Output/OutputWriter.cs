using System.Globalization;
using System.Text;
using VlmSharp.Cli.Errors;

namespace VlmSharp.Cli.Output;

/// <summary>
/// Standard output. On a terminal it shows control characters as escapes, since the output can contain file names, tensor names and model
/// answers. Files and pipes get all text unchanged. A write failure becomes an error that says that standard output cannot be written.
/// </summary>
/// <param name="inner">The underlying writer.</param>
/// <param name="isTerminal">Whether it is a terminal.</param>
internal sealed class OutputWriter(TextWriter inner, bool isTerminal) : TextWriter(CultureInfo.InvariantCulture)
{
    [ThreadStatic]
    private static int styled; // of the thread that writes the table; other threads' texts are still made safe

    public override Encoding Encoding => inner.Encoding;

    /// <summary>Keeps the colors of a table, which are terminal commands; its texts must already be safe.</summary>
    /// <param name="write">Writes the table.</param>
    public static void WriteStyled(Action write)
    {
        styled++;
        try
        {
            write();
        }
        finally
        {
            styled--;
        }
    }

    public override void Write(char value) => Write(value.ToString());

    public override void Write(string? value) => Try(() => inner.Write(Shown(value)));

    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    public override void WriteLine() => Try(inner.WriteLine);

    public override void WriteLine(string? value) => Try(() => inner.WriteLine(Shown(value)));

    public override void Flush() => Try(inner.Flush);

    private string? Shown(string? text) => isTerminal && styled == 0 && text is not null ? MessageWriter.Plain(text) : text;

    /// <summary>Runs code that writes to standard output.</summary>
    /// <exception cref="IOException">Standard output cannot be written.</exception>
    public static void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && !BrokenPipe.Is(e))
        {
            StandardOutput.RequireOpen(); // the system's reason would be that of another file
            throw new IOException($"standard output cannot be written: {e.Message}", e);
        }
    }
}
