using VlmSharp.Explain.Ablations;

namespace VlmSharp.Explain.Html;

/// <summary>The query heads, each silenced in turn: a grid of layers and heads, and the numbers.</summary>
internal static class HeadSection
{
    private const int CellWidth = 62, CellHeight = 30, Left = 70, Top = 40;

    public static void Write(HtmlWriter page, AblationReport report)
    {
        AblationResult[] results = [.. report.Results.Where(r => r.Switch.Scope == AblationScope.Head)];
        if (results.Length == 0) return;
        page.Add($"""
            <section id="heads"><h2>Without a head</h2>
            <p>A row is a decoder layer, a column one of its query heads; the number in a cell is the KL when that head alone is silenced,
            and the fuller the color the larger it is. A dark frame marks a head without which the answer is another one. The model
            can do without most heads, because others do the same work; the few that it needs are where to look first.</p>

            """);
        Sources.Write(page, results[0].Switch.Equation, results[0].Switch.Source, "VlmSharp.Core/Compute/Reference/Attention.cs");
        WriteGrid(page, results);
        page.Add($"<details><summary>The answers of all {results.Length} runs</summary>");
        AnswerTable.Write(page, report, results);
        page.Add($"</details></section>\n");
    }

    private static void WriteGrid(HtmlWriter page, AblationResult[] results)
    {
        int[] layers = [.. results.Select(r => r.Switch.Layer!.Value).Distinct().Order()];
        int[] heads = [.. results.Select(r => r.Switch.Head!.Value).Distinct().Order()];
        int width = Left + heads.Length * CellWidth + 2, height = Top + layers.Length * CellHeight + 2;
        double largest = results.Select(r => r.Answer.Divergence).Where(double.IsFinite).DefaultIfEmpty(0).Max();
        page.Add($"""
            <figure class="wide"><svg class="heads" viewBox="0 0 {width} {height}" style="max-width:{width}px" role="img"
            aria-label="KL of each silenced head">
            """);
        for (int h = 0; h < heads.Length; h++)
        {
            page.Add($"""
                <text class="label" x="{Left + (h + 0.5) * CellWidth:0.#}" y="{Top - 10}" text-anchor="middle">head {heads[h]}</text>
                """);
        }

        for (int l = 0; l < layers.Length; l++)
        {
            page.Add($"""
                <text class="label" x="{Left - 10}" y="{Top + (l + 0.5) * CellHeight + 4:0.#}" text-anchor="end">layer {layers[l]}</text>
                """);
        }

        foreach (AblationResult result in results)
        {
            int column = Array.IndexOf(heads, result.Switch.Head!.Value), row = Array.IndexOf(layers, result.Switch.Layer!.Value);
            WriteCell(page, result, Left + column * CellWidth, Top + row * CellHeight, largest);
        }

        page.Add($"</svg></figure>\n");
    }

    private static void WriteCell(HtmlWriter page, AblationResult result, int x, int y, double largest)
    {
        double kl = result.Answer.Divergence, share = !double.IsFinite(kl) ? 1 : largest > 0 ? kl / largest : 0;
        string logarithm = AnswerTable.Nats(result.Answer.LogProbability);
        string hint = $"{result.Switch.Name}: {AnswerTable.Shown(result.Answer)}, ln q {logarithm}, KL {AnswerTable.Size(kl)}";
        page.Add($"""
            <rect class="cell {(result.IsSame ? "" : "turned")}" x="{x + 2}" y="{y + 2}" width="{CellWidth - 4}" height="{CellHeight - 4}"
            rx="2" fill-opacity="{0.75 * share:0.###}"><title>{hint}</title></rect>
            <text class="value" x="{x + CellWidth / 2}" y="{y + CellHeight / 2 + 4}" text-anchor="middle">{AnswerTable.Size(kl)}</text>

            """);
    }
}
