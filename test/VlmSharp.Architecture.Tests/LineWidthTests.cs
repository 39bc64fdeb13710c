using System.Text.RegularExpressions;
using VlmSharp.Architecture.Tests.Pages;
using VlmSharp.Conformance;

namespace VlmSharp.Architecture.Tests;

/// <summary>Lines of C# fit a window: code, comments and messages alike. So do lines of prose in Markdown.</summary>
public sealed partial class LineWidthTests
{
    private const int MostColumns = 140;

    public static TheoryData<string> Folders =>
    [
        .. Project.All.Select(project => RepositoryFiles.Relative(project.Folder))
            .Append("demo"),
    ];

    [Theory, MemberData(nameof(Folders))]
    public void A_line_has_at_most_140_columns(string folder) => Faults.AssertNone(
        from path in Directory.EnumerateFiles(Path.Combine(GoldenFiles.Root, folder), "*.cs", SearchOption.AllDirectories)
        let file = RepositoryFiles.Relative(path)
        where !file.Split('/').Any(part => part is "bin" or "obj")
        from line in File.ReadLines(path).Select((text, i) => (Text: text, Number: i + 1))
        where line.Text.Length > MostColumns
        select $"{file}:{line.Number} has {line.Text.Length} columns: wrap it, so that it has at most {MostColumns}");

    /// <summary>Tables, code, headings, HTML, quotations and targets of links may be wider, and what has no place to break.</summary>
    [Fact]
    public void A_line_of_prose_in_Markdown_has_at_most_140_columns() => Faults.AssertNone(
        from path in MarkdownFiles()
        let file = RepositoryFiles.Relative(path)
        where !file.StartsWith("test/golden/", StringComparison.Ordinal)
            && !file.Split('/').Any(part => part is "bin" or "obj" or "BenchmarkDotNet.Artifacts")
        from line in Prose(File.ReadLines(path))
        where line.Text.Length > MostColumns && CanBreak(line.Text)
        select $"{file}:{line.Number} has {line.Text.Length} columns: wrap it, so that it has at most {MostColumns}");

    private static IEnumerable<string> MarkdownFiles() => Project.Products.Select(project => project.Folder)
        .Concat(new[] { "bench", "demo", "docs", "test" }.Select(folder => Path.Combine(GoldenFiles.Root, folder)))
        .SelectMany(folder => Directory.EnumerateFiles(folder, "*.md", SearchOption.AllDirectories))
        .Concat(Directory.EnumerateFiles(GoldenFiles.Root, "*.md"));

    private static IEnumerable<(string Text, int Number)> Prose(IEnumerable<string> lines)
    {
        bool isFenced = false;
        foreach ((int i, string text) in lines.Index())
        {
            if (Fence().IsMatch(text)) isFenced = !isFenced;
            else if (!isFenced && !NoProse().IsMatch(text)) yield return (text, i + 1);
        }
    }

    // At a space outside of code font, before a word that Markdown does not take for the beginning of something else.
    private static bool CanBreak(string text)
    {
        int start = Beginning().Match(text).Length;
        for (int i = MostColumns; i > start; i--)
        {
            string rest = text[i..].TrimStart();
            if (text[i] == ' ' && text[i - 1] != ' ' && text.AsSpan(0, i).Count('`') % 2 == 0 && rest.Length > 0 && !Markup().IsMatch(rest))
                return true;
        }

        return false;
    }

    [GeneratedRegex("^ *(?:```|~~~)")]
    private static partial Regex Fence();

    [GeneratedRegex(@"^(?: {4}|\t| *[|<>]| *#+ | *\[[^\]]*\]: )")]
    private static partial Regex NoProse();

    [GeneratedRegex(@"^(?: {0,3}(?:[-+*]|\d+[.)]) +|\s*)")]
    private static partial Regex Beginning();

    [GeneratedRegex(@"^(?:[-+*](?:\s|$)|[#>|<=]|--|\d+[.)](?:\s|$)|```|~~~|\[[^\]]*\]:)")]
    private static partial Regex Markup();
}
