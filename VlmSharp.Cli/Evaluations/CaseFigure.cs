using VlmSharp.Evaluation.Boxes;
using VlmSharp.Evaluation.Runs;
using VlmSharp.Explain.Html;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Evaluations;

/// <summary>One item with its picture, scaled down so that a page of many items stays small enough to send.</summary>
internal static class CaseFigure
{
    private const int Side = 224, LongestText = 300, MostReferences = 3, MostBoxes = 40;

    /// <summary>Writes an item.</summary>
    /// <param name="page">Receives the markup, which is escaped.</param>
    /// <param name="answered">The item with its answer.</param>
    /// <param name="score">Its score as text.</param>
    /// <param name="before">The answer of another run, or null.</param>
    public static void Write(HtmlWriter page, AnsweredItem answered, string score, string? before = null)
    {
        (EvaluationItem item, ItemAnswer answer) = answered;
        page.Add($"<article>");
        WritePicture(page, answered);
        page.Add($"""<p class="note">{Cut(item.Id)}: <code>{Cut(item.Prompt)}</code></p>""");
        if (before is not null) page.Add($"""<p>before: {Shown(before)}</p>""");
        page.Add($"""<p><b class="is">{(answer.Error is { } error ? Cut(error) : Shown(answer.Text))}</b></p>""");
        if (item.References.Count > 0)
        {
            var references = item.References.GroupBy(r => r, StringComparer.Ordinal).OrderByDescending(g => g.Count()).ToArray();
            IEnumerable<string> shown = references.Take(MostReferences)
                .Select(g => g.Count() > 1 ? $"{Shown(g.Key)} ({g.Count()} times)" : Shown(g.Key));
            page.Add($"""<p><b class="should">{string.Join("; ", shown)}</b>{(references.Length > MostReferences ? ", …" : "")}</p>""");
        }

        page.Add($"""<p class="note">{score}{(answer.FinishReason == "length" ? ", cut at the limit of new tokens" : "")}</p></article>""");
    }

    private static void WritePicture(HtmlWriter page, AnsweredItem answered)
    {
        RgbImage whole;
        try
        {
            whole = ImageFile.Load(answered.Item.Images[0]);
        }
        catch (Exception e) when (e is ImageFormatException or IOException)
        {
            page.Add($"""<p class="note">{Cut(e.Message)}</p>""");
            return;
        }

        double scale = Math.Min(1, (double)Side / Math.Max(whole.Width, whole.Height));
        RgbImage small = scale < 1
            ? whole.Resize(Math.Max(1, (int)(whole.Width * scale)), Math.Max(1, (int)(whole.Height * scale)))
            : whole;
        page.Add($"""<svg viewBox="0 0 {whole.Width} {whole.Height}" role="img" aria-label="The picture">""");
        page.Add($"""
            <image width="{whole.Width}" height="{whole.Height}"
            href="{Figures.DataUri(small)}"/>
            """);
        foreach (LabeledTruth thing in (answered.Item.Truth ?? []).Take(MostBoxes)) WriteBox(page, thing.Truth.Box, "truth", thing.Label);
        foreach (LabeledBox box in answered.Answer.Boxes.Take(MostBoxes)) WriteBox(page, box.Box.Box, "found", box.Label);
        page.Add($"</svg>");
    }

    private static void WriteBox(HtmlWriter page, CocoBox box, string kind, string label)
    {
        page.Add($"""<rect class="{kind}" x="{box.Left:0.#}" y="{box.Top:0.#}" width="{box.Width:0.#}" height="{box.Height:0.#}">""");
        page.Add($"<title>{label}</title></rect>");
    }

    private static string Shown(string text) => text.Length == 0 ? "(nothing)" : Cut(text);

    private static string Cut(string text) => text.Length <= LongestText ? text : text[..LongestText] + "…";
}
