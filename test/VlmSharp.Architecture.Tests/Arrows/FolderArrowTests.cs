using VlmSharp.Conformance;

namespace VlmSharp.Architecture.Tests.Arrows;

/// <summary>
/// The arrows between folders and between projects equal those of the figure in <c>docs/architecture.md</c>, and form no circle.
/// </summary>
public sealed class FolderArrowTests
{
    /// <summary>If this variable is 1, the test draws the arrows that it finds into the page and passes.</summary>
    private const string Accept = "VLMSHARP_ACCEPT_ARROWS";

    /// <summary>Circles that are still to be removed. Do not add a new one: move what is used to a place below both.</summary>
    private static readonly string[] Known =
    [
    ];

    /// <summary>A project with a single folder has no arrows.</summary>
    private static readonly ArrowGraph[] Graphs =
        [ArrowGraph.OfProjects(), .. Project.Products.Select(ArrowGraph.OfFolders).Where(graph => graph.Rows.Count() > 1)];

    [Fact]
    public void The_figure_shows_exactly_the_existing_arrows()
    {
        string path = Path.Combine(GoldenFiles.Root, "docs", "architecture.md"), page = File.ReadAllText(path).ReplaceLineEndings("\n");
        string expected = ArrowFigure.Draw(Graphs);
        Range shown = ArrowFigure.PlaceIn(page);
        if (Environment.GetEnvironmentVariable(Accept) == "1")
        {
            File.WriteAllText(path, page[..shown.Start] + expected + page[shown.End..]);
            return;
        }

        if (page[shown] == expected) return;
        string[] differences = [.. Graphs.SelectMany(ArrowFigure.In(page).DifferencesFrom)];
        Assert.Fail($"""
            The figure in docs/architecture.md does not show the arrows of the assemblies:

            {(differences.Length > 0 ? string.Join('\n', differences) : "The arrows are the same; their form or their order is not.")}

            Not on purpose: move the type, or its use. On purpose: have the figure drawn with

                {Accept}=1 dotnet test test/VlmSharp.Architecture.Tests -c Release
            """);
    }

    [Fact]
    public void Arrows_form_no_circle()
    {
        Dictionary<string, string> circles = Graphs.SelectMany(graph => graph.Circles.Select(circle => (graph, circle)))
            .ToDictionary(found => $"{found.graph.Name}: {string.Join(", ", found.circle)}", found => ArrowsOf(found.graph, found.circle));
        Faults.AssertNone(circles.Where(circle => !Known.Contains(circle.Key))
            .Select(circle => $"{circle.Key} use each other; which one should not know the other?\n{circle.Value}"));
        Faults.AssertNone(Known.Where(known => !circles.ContainsKey(known))
            .Select(known => $"{known} is no circle any more: take it from the list."));
    }

    private static string ArrowsOf(ArrowGraph graph, string[] circle) => string.Join('\n', graph.Arrows
        .Where(arrow => circle.Contains(arrow.Key.From) && circle.Contains(arrow.Key.To))
        .Select(arrow => $"    {arrow.Key.From} -> {arrow.Key.To}: {arrow.Value}").Order(StringComparer.Ordinal));
}
