using System.Text;
using VlmSharp.Explain.Html;

namespace VlmSharp.Cli.Evaluations;

/// <summary>
/// The common frame of evaluation pages: a single self-contained file without scripts, in the style of <c>vlmsharp explain</c>.
/// </summary>
internal static class PageFrame
{
    private const string Css = """
        .cases { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1.4rem; margin-top: 1rem; }
        .cases article { border: 1px solid var(--line); border-radius: 4px; padding: .7rem; background: var(--raised);
        """ + " font: .84rem/1.45 var(--sans); overflow-wrap: anywhere; }\n" + """
        .cases svg { width: 100%; max-height: 15rem; border-radius: 3px; background: var(--paper); }
        .cases p { margin: .45rem 0 0; }
        .cases .truth { fill: none; stroke: var(--text); stroke-width: 2; vector-effect: non-scaling-stroke; }
        .cases .found { fill: none; stroke: var(--new); stroke-width: 2; stroke-dasharray: 5 3; vector-effect: non-scaling-stroke; }
        .scores { width: 100%; }
        .scores th { text-align: left; color: var(--quiet); font-weight: 600; padding: .2rem 1rem .2rem 0;
        """ + " border-bottom: 1px solid var(--line); }\n" + """
        .scores td { padding: .2rem 1rem .2rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
        .scores .number { text-align: right; }
        .scores td.bar { width: 40%; }
        .scores td.bar div { height: .8rem; min-width: 1px; background: var(--picture); border-radius: 0 2px 2px 0; }
        .scores .main td { font-weight: 600; }
        .wide { overflow-x: auto; }
        .wide + .note, .scores + .note { margin-top: .6rem; }
        b.is { color: var(--new); } b.should { color: var(--text); }
        """;

    /// <summary>Writes a page.</summary>
    /// <param name="stream">Receives the page; left open.</param>
    /// <param name="title">Plain text for the browser's tab and the heading; it is escaped.</param>
    /// <param name="eyebrow">Small text above the title.</param>
    /// <param name="body">Writes the content below the title.</param>
    public static void Write(Stream stream, string title, string eyebrow, Action<HtmlWriter> body)
    {
        using var text = new StreamWriter(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        var page = new HtmlWriter(text);
        PageHead.Write(page, title, Css);
        page.Add($"""
            <main><header><p class="eyebrow">{eyebrow}</p><h1><bdi>{title}</bdi></h1>

            """);
        body(page);
        page.Add($"<footer><p>Made by <code>vlmsharp eval</code>. ");
        page.Add($"""
            What the figures mean and how they are computed: <code>docs/evaluation.md</code>.</p></footer>
            </main></body></html>

            """);
    }
}
