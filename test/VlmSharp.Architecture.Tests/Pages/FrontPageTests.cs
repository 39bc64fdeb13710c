using System.Text.RegularExpressions;

namespace VlmSharp.Architecture.Tests.Pages;

/// <summary>What the front page claims is said with more detail elsewhere, and drawings can be read on a dark page.</summary>
public sealed partial class FrontPageTests
{
    public static TheoryData<string> Drawings => [.. Directory
        .EnumerateFiles(Path.Combine(Conformance.GoldenFiles.Root, "docs"), "*.svg", SearchOption.AllDirectories)
        .Select(RepositoryFiles.Relative).Order(StringComparer.Ordinal)];

    /// <summary>The table of native engines has the figures of <c>docs/benchmarks.md</c>: new measurements go into both.</summary>
    [Fact]
    public void Its_figures_beside_other_engines_are_those_of_the_benchmarks()
    {
        string[] rows = [.. EngineRow().Matches(RepositoryFiles.Read("README.md")).Select(match => match.Value)];
        Assert.Equal(5, rows.Length);
        string benchmarks = RepositoryFiles.Read("docs/benchmarks.md");
        string measured = benchmarks[benchmarks.IndexOf("\n## Beside native engines\n", StringComparison.Ordinal)..];
        measured = measured[..measured.IndexOf("\n## What quantization costs\n", StringComparison.Ordinal)];
        HashSet<string> known = [.. Figure().Matches(measured).Select(match => match.Value)];
        Faults.AssertNone(rows.SelectMany(row => Figure().Matches(row[row.IndexOf('|', 2)..]))
            .Select(match => match.Value).Where(figure => !known.Contains(figure))
            .Select(figure => $"README.md has {figure} beside native engines, which docs/benchmarks.md has not"));
        Assert.Contains(rows, row => row.Contains("slower", StringComparison.Ordinal)); // losses are shown
    }

    /// <summary>A drawing without a background is dark text on a dark page for half of its readers.</summary>
    [Theory, MemberData(nameof(Drawings))]
    public void A_drawing_has_a_background_of_its_own(string path) =>
        Assert.Matches(Background(), RepositoryFiles.Read(path));

    [GeneratedRegex(@"^\| (?:prompt|answer), .*$", RegexOptions.Multiline)]
    private static partial Regex EngineRow();

    [GeneratedRegex(@"\d+\.\d+")]
    private static partial Regex Figure();

    [GeneratedRegex("<rect [^>]*fill=\"#fff(?:fff)?\"")]
    private static partial Regex Background();
}
