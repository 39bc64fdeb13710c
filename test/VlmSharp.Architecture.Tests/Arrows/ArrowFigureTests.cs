namespace VlmSharp.Architecture.Tests.Arrows;

/// <summary>Tests on a project of four folders what is drawn, what is reported as missing or stale, and what is a circle.</summary>
public sealed class ArrowFigureTests
{
    private const string Figure = """
        Sample
            Top     -> Middle.A, Bottom
            Middle.A -> Bottom
            Bottom
            Lonely

        """;

    private static readonly (string, string, string)[] Uses =
    [
        ("Bottom", "Bottom", ""), ("Middle.A", "Bottom", "M uses B in Run"), ("Lonely", "Lonely", ""),
        ("Top", "Middle.A", "T uses M in Go"), ("Top", "Bottom", "T uses B in Go"),
    ];

    [Fact]
    public void Draws_what_uses_above_what_is_used() => Assert.Equal(
        """
        Sample
            Top      -> Middle.A, Bottom
            Middle.A -> Bottom
            Bottom
            Lonely

        """.ReplaceLineEndings("\n"), ArrowFigure.Draw([Graph(Uses)]));

    [Fact]
    public void Reads_what_it_draws()
    {
        string page = Page(ArrowFigure.Draw([Graph(Uses)]));
        Assert.Empty(ArrowFigure.In(page).DifferencesFrom(Graph(Uses)));
        Assert.Equal(ArrowFigure.Draw([Graph(Uses)]), page[ArrowFigure.PlaceIn(page)]);
    }

    [Fact]
    public void Says_which_arrows_are_missing_and_which_are_stale()
    {
        ArrowGraph found = Graph([.. Uses.Where(use => use.Item3 != "T uses B in Go"), ("Lonely", "Bottom", "L uses B in Find")]);
        Assert.Equal(
            [
                "Sample: Lonely -> Bottom is not in the figure: L uses B in Find.",
                "Sample: Top -> Bottom is in the figure alone: no type uses another one so.",
            ],
            ArrowFigure.In(Page(Figure)).DifferencesFrom(found));
    }

    [Fact]
    public void A_project_that_the_figure_lacks_is_missing_with_all_its_arrows() =>
        Assert.Equal(3, ArrowFigure.In(Page("Other\n")).DifferencesFrom(Graph(Uses)).Count());

    [Fact]
    public void Finds_a_circle_that_leads_through_a_third_folder()
    {
        Assert.Empty(Graph(Uses).Circles);
        Assert.Equal(["Bottom", "Middle.A", "Top"], Assert.Single(Graph([.. Uses, ("Bottom", "Top", "B uses T in Turn")]).Circles));
    }

    [Fact]
    public void Finds_each_circle_once() => Assert.Equal(
        ["A B", "C D"],
        Graph([("C", "D", ""), ("D", "C", ""), ("B", "A", ""), ("A", "B", ""), ("D", "A", "")]).Circles
            .Select(circle => string.Join(' ', circle)).Order(StringComparer.Ordinal));

    [Fact]
    public void A_long_row_continues_on_the_next_line()
    {
        ArrowGraph graph = Graph([.. Enumerable.Range(10, 30).Select(i => ("Top", $"Folder{i}", ""))]);
        string figure = ArrowFigure.Draw([graph]);
        Assert.All(figure.Split('\n'), line => Assert.InRange(line.Length, 0, 120));
        Assert.Empty(ArrowFigure.In(Page(figure)).DifferencesFrom(graph));
    }

    [Fact]
    public void A_page_without_the_figure_is_refused() => Assert.Throws<FormatException>(() => ArrowFigure.In("# Architecture\n"));

    private static ArrowGraph Graph((string, string, string)[] uses) => new("Sample", uses);

    private static string Page(string figure) => $"# Title\n\n```text arrows\n{figure.ReplaceLineEndings("\n")}```\n\nText.\n";
}
