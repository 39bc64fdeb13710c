using System.Text.RegularExpressions;
using VlmSharp.Conformance;

namespace VlmSharp.Samples.Tests;

/// <summary>A page of the documentation and the C# on it.</summary>
internal sealed partial class SamplePage
{
    private SamplePage(string path)
    {
        Path = path;
        string[] lines = File.ReadAllLines(System.IO.Path.Combine(GoldenFiles.Root, path));
        Blocks = [.. Enumerable.Range(1, lines.Length - 1).Where(at => lines[at] == "```csharp" && !Quotes(lines[at - 1])).Select(at =>
            new SampleBlock(at + 1, string.Join('\n', lines.Skip(at + 1).TakeWhile(line => line != "```"))))];
        Packages = [.. lines.Select(line => AddPackage().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value)];
    }

    /// <summary>From the top of the repository, with slashes.</summary>
    public string Path { get; }

    /// <summary>Its blocks of C#, but for those that quote a file: these are held to the file elsewhere.</summary>
    public IReadOnlyList<SampleBlock> Blocks { get; }

    /// <summary>The packages that it tells its reader to add, with <c>dotnet add package NAME</c>.</summary>
    public IReadOnlyList<string> Packages { get; }

    /// <summary>The pages of the repository that have C# of their own.</summary>
    public static IReadOnlyList<SamplePage> All { get; } = [.. Directory.EnumerateFiles(GoldenFiles.Root, "README.md")
        .Concat(Directory.EnumerateDirectories(GoldenFiles.Root, "VlmSharp.*").SelectMany(at => Directory.EnumerateFiles(at, "README.md")))
        .Concat(Directory.EnumerateFiles(System.IO.Path.Combine(GoldenFiles.Root, "docs"), "*.md", SearchOption.AllDirectories))
        .Select(file => System.IO.Path.GetRelativePath(GoldenFiles.Root, file).Replace('\\', '/')).Order(StringComparer.Ordinal)
        .Select(path => new SamplePage(path)).Where(page => page.Blocks.Count > 0)];

    /// <summary>The page of that path.</summary>
    public static SamplePage At(string path) => All.Single(page => page.Path == path);

    /// <summary>The program of a web project, on whichever page it stands.</summary>
    public static string Web => All.SelectMany(page => page.Blocks).Single(block => block.IsWeb).Code;

    // A line that is a path in backticks and a colon: QuotedCodeTests of the architecture look at what follows.
    private static bool Quotes(string line) => line is ['`', .., '`', ':'];

    [GeneratedRegex(@"^ {4}dotnet add package ([\w.]+)")]
    private static partial Regex AddPackage();
}

/// <summary>A block of C#.</summary>
/// <param name="Line">The line of the page that the block's fence is on, from 1.</param>
/// <param name="Code">What stands between the fences.</param>
internal sealed record SampleBlock(int Line, string Code)
{
    /// <summary>Whether it is the program of a web project.</summary>
    public bool IsWeb => Code.Contains("WebApplication.CreateBuilder", StringComparison.Ordinal);
}
