using VlmSharp.Architecture.Tests.Pages;
using VlmSharp.Conformance;

namespace VlmSharp.Architecture.Tests;

/// <summary>Lines of C# fit a window: code, comments and messages alike.</summary>
public sealed class LineWidthTests
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
}
