using System.Text.RegularExpressions;
using VlmSharp.Conformance;

namespace VlmSharp.Architecture.Tests.Pages;

/// <summary>The files of the repository, by the paths that pages and sources print: relative to its root, with slashes.</summary>
internal static partial class RepositoryFiles
{
    /// <summary>The pages for readers. The change log is not one of them, because it names things that no longer exist.</summary>
    public static IReadOnlyList<string> Pages { get; } =
    [
        "README.md", "CONTRIBUTING.md", "demo/README.md",
        .. Project.Products.Select(project => project.Folder).Append(Path.Combine(GoldenFiles.Root, "docs"))
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.md", SearchOption.AllDirectories))
            .Select(Relative).Where(path => !IsMade(path)).Order(StringComparer.Ordinal),
    ];

    /// <summary>The source files of all projects.</summary>
    public static IReadOnlyList<string> Sources { get; } = [.. Project.All.SelectMany(project => project.Sources).Select(Relative)];

    /// <summary>The text of a file.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(GoldenFiles.Root, path));

    /// <summary>Whether there is such a file or folder.</summary>
    public static bool Has(string path) => Path.Exists(Path.Combine(GoldenFiles.Root, path));

    /// <summary>Whether a source file has that path or one that ends in it.</summary>
    public static bool HasSource(string path) => Sources.Any(file => file == path || file.EndsWith("/" + path, StringComparison.Ordinal));

    /// <summary>
    /// The paths that a text names, relative to the root of the repository, without those of build outputs and those with an asterisk,
    /// braces or brackets.
    /// </summary>
    public static IEnumerable<string> PathsIn(string text) =>
        PathPattern().Matches(text).Select(match => match.Value.TrimEnd('.', '/', '-')).Where(path => !IsMade(path));

    /// <summary>The path of a file as pages print it.</summary>
    public static string Relative(string path) =>
        Path.GetRelativePath(GoldenFiles.Root, path).Replace(Path.DirectorySeparatorChar, '/');

    private static bool IsMade(string path) => path.Split('/').Any(part => part is "bin" or "obj");

    [GeneratedRegex(@"(?<![\w./$*{}-])(?:VlmSharp\.[\w.]+|test|bench|docs|demo|\.ci)/[\w./-]*(?![\w./*{}\[-])")]
    private static partial Regex PathPattern();
}
