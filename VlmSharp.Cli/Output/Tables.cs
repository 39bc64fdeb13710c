using Spectre.Console;

namespace VlmSharp.Cli.Output;

/// <summary>Tables on standard output.</summary>
internal static class Tables
{
    // A file has no width of its own.
    private const int FileWidth = 160;

    /// <summary>A table in the program's style.</summary>
    public static Table Create(params string[] columns) => new Table().Border(TableBorder.Rounded).AddColumns(columns);

    /// <summary>Adds a row of plain text, in which brackets are not markup.</summary>
    public static void AddPlainRow(this Table table, params IEnumerable<string> cells) =>
        table.AddRow([.. cells.Select(cell => new Text(MessageWriter.Plain(cell)))]);

    /// <summary>Writes a table to the current standard output.</summary>
    public static void Write(Table table)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected) console.Profile.Width = FileWidth;
        OutputWriter.WriteStyled(() => console.Write(table));
    }
}
