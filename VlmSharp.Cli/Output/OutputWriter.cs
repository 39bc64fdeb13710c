using System.Globalization;
using System.Text;
using VlmSharp.Cli.Errors;

namespace VlmSharp.Cli.Output;

/// <summary>
/// Standard output. On a terminal it shows characters that the terminal would obey as escapes: names of files and of a model's tensors
/// are in it, and a model's answers. Files and pipes get every text as it is. That it cannot be written is an error which says so.
/// </summary>
/// <param name="inner">Where it goes.</param>
/// <param name="isTerminal">Whether that is a terminal.</param>
internal sealed class OutputWriter(TextWriter inner, bool isTerminal) : TextWriter(CultureInfo.InvariantCulture)
{
    private static int styled;

    public override Encoding Encoding => inner.Encoding;

    /// <summary>Lets a table have its colors, which are commands to the terminal: its texts must be plain themselves.</summary>
    /// <param name="write">Writes it.</param>
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

    private static void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && !BrokenPipe.Is(e))
        {
            throw new IOException($"standard output cannot be written: {e.Message}", e);
        }
    }
}
