using VlmSharp.Architecture.Tests.Pages;
using VlmSharp.Conformance;

namespace VlmSharp.Architecture.Tests;

/// <summary>Lines of C# fit a window: code, comments and messages alike.</summary>
public sealed class LineWidthTests
{
    private const int MostColumns = 140;

    /// <summary>The folders whose files still have wider lines. Remove a folder from this list once its lines fit.</summary>
    private static readonly string[] StillWide =
    [
        "VlmSharp.Cli", "VlmSharp.Core", "VlmSharp.Imaging", "VlmSharp.Server",
    ];

    public static TheoryData<string> Folders =>
    [
        .. Project.All.Select(project => RepositoryFiles.Relative(project.Folder))
            .Append("demo")
            .Where(folder => !StillWide.Contains(folder)),
    ];

    [Theory, MemberData(nameof(Folders))]
    public void A_line_has_at_most_140_columns(string folder) => Faults.AssertNone(
        from path in Directory.EnumerateFiles(Path.Combine(GoldenFiles.Root, folder), "*.cs", SearchOption.AllDirectories)
        let file = RepositoryFiles.Relative(path)
        where !file.Split('/').Any(part => part is "bin" or "obj")
        from line in File.ReadLines(path).Select((text, i) => (Text: text, Number: i + 1))
        where line.Text.Length > MostColumns
        select $"{file}:{line.Number} has {line.Text.Length} columns: wrap it, so that it has at most {MostColumns}");

    [Fact]
    public void Every_excluded_folder_exists() => Assert.All(StillWide, folder => Assert.True(RepositoryFiles.Has(folder), folder));
}
