using VlmSharp.Explain.Html;

namespace VlmSharp.Cli.Evaluations;

/// <summary>A table of a page: columns of text, then columns of numbers.</summary>
internal sealed class PageTable : IDisposable
{
    private readonly HtmlWriter page;
    private readonly int texts;

    /// <summary>Begins the table.</summary>
    /// <param name="page">Receives the rows until the table ends.</param>
    /// <param name="texts">Number of text columns.</param>
    /// <param name="columns">The column titles; empty for a table without titles.</param>
    public PageTable(HtmlWriter page, int texts, params ReadOnlySpan<string> columns)
    {
        (this.page, this.texts) = (page, texts);
        page.Add($"""<div class="wide"><table class="scores">""");
        if (columns.Length > 0)
        {
            page.Add($"<thead><tr>");
            for (int i = 0; i < columns.Length; i++) page.Add($"""<th class="{ClassOf(i)}">{columns[i]}</th>""");
            page.Add($"</tr></thead>");
        }

        page.Add($"<tbody>");
    }

    /// <summary>Adds a row.</summary>
    public void Row(params ReadOnlySpan<string> cells) => Row(false, cells);

    /// <summary>Adds a row, which may be the main one.</summary>
    public void Row(bool isMain, params ReadOnlySpan<string> cells)
    {
        page.Add($"""<tr class="{(isMain ? "main" : "")}">""");
        for (int i = 0; i < cells.Length; i++) page.Add($"""<td class="{ClassOf(i)}">{cells[i]}</td>""");
        page.Add($"</tr>\n");
    }

    /// <summary>Adds a row with a bar.</summary>
    /// <param name="name">The label of the bar.</param>
    /// <param name="share">Length of the bar, 0 to 1.</param>
    /// <param name="number">The value that the bar shows.</param>
    public void Bar(string name, double share, string number)
    {
        page.Add($"""<tr><td>{name}</td><td class="bar"><div style="width:{100 * Math.Clamp(share, 0, 1):0.##}%"></div></td>""");
        page.Add($"""<td class="number">{number}</td></tr>""");
    }

    /// <summary>Ends the table.</summary>
    public void Dispose() => page.Add($"</tbody></table></div>\n");

    private string ClassOf(int column) => column < texts ? "" : "number";
}
