using VlmSharp.Compute;

namespace VlmSharp.Explain.Html;

/// <summary>The prefix-LM mask as a picture: one row per query and one column per key; runs of image tokens are drawn as one.</summary>
internal static class MaskSection
{
    private const int Cell = 20, RunCells = 4, Margin = 118;

    // More cells would show nothing new, and the page grows with their product.
    private const int LargestText = 20, LargestGenerated = 16;

    /// <summary>Neighboring tokens that look the same, as one row and one column.</summary>
    private readonly record struct Item(string Label, int First, int Count, string Kind)
    {
        public int Cells => Count == 1 ? 1 : RunCells;
    }

    public static void Write(HtmlWriter page, Explanation e)
    {
        int prefix = e.Tokens.Count, shown = Math.Min(e.Steps.Count, LargestGenerated);
        page.Add($"""
            <section id="mask"><h2><span class="no">3</span> Who may look at whom</h2>
            <p>Each row is a token that looks, each column a token that is looked at. Picture and prompt see each other whole, in both
            directions, for both are given; a generated token sees them and the generated tokens up to itself, so that it can be
            chosen before the next one is known. One number says all of it, the length of the prefix, here p = {prefix}.</p>

            """);
        Sources.Write(page, "i sees j   if and only if   j < max(p, i + 1)", "VlmSharp.Core/Compute/SequenceBatch.cs");
        List<Item> items = Items(e, shown);
        var slice = new SequenceSlice(0, prefix + e.Steps.Count, 0, prefix, null);
        int size = items.Sum(i => i.Cells) * Cell;
        int side = Margin + size + 2;
        page.Add($"""
            <figure class="wide"><svg class="mask" viewBox="0 0 {side} {side}" style="max-width:{Math.Min(side, 860)}px"
            role="img" aria-label="The mask, row by row">
            <text class="label axis" x="{Margin - 6}" y="{Margin - 24}" text-anchor="end">looked at →</text>
            <text class="label axis" x="{Margin - 6}" y="{Margin - 8}" text-anchor="end">looks ↓</text>
            """);
        int at = 0;
        foreach (Item item in items)
        {
            double middle = Margin + at + item.Cells * Cell / 2.0;
            page.Add($"""<text class="label" x="{Margin - 6}" y="{middle + 4:0.#}" text-anchor="end">{item.Label}</text>""");
            page.Add($"""<text class="label" transform="translate({middle + 4:0.#} {Margin - 6}) rotate(-90)">{item.Label}</text>""");
            at += item.Cells * Cell;
        }

        int y = Margin;
        foreach (Item query in items)
        {
            int x = Margin, height = query.Cells * Cell;
            foreach (Item key in items)
            {
                bool sees = key.First >= slice.VisibleStart(query.First, window: 0) && key.First < slice.VisibleEnd(query.First);
                int width = key.Cells * Cell;
                page.Add($"""<rect class="{(sees ? key.Kind : "hidden")}" x="{x}" y="{y}" width="{width}" height="{height}"/>""");
                x += width;
            }

            y += height;
        }

        WriteCaption(page, e, shown);
        page.Add($"</figure></section>\n");
    }

    private static void WriteCaption(HtmlWriter page, Explanation e, int shown)
    {
        string last = shown < e.Steps.Count ? $"Of {e.Steps.Count} generated tokens the first {shown} are drawn."
            : "The last token is not read any more: its row is what it would see.";
        page.Add($"""
            </svg><figcaption><span class="swatch picture"></span> sees the picture
            <span class="swatch text"></span> sees the prompt
            <span class="swatch new"></span> sees what is generated
            <span class="swatch hidden"></span> sees nothing.
            Wide cells stand for many tokens. {last}
            """);
        var text = e.Config.Text;
        if (e.Options.SlidingWindow && text.SlidingWindow > 0)
        {
            page.Add($" With the sliding window, generated tokens see the last {text.SlidingWindow} tokens alone in");
            page.Add($" {text.SlidingLayers.Count(s => s)} of the {text.Layers} layers.");
        }

        page.Add($"</figcaption>");
    }

    private static List<Item> Items(Explanation e, int generated)
    {
        var items = new List<Item>();
        bool collapseText = e.Tokens.Count(t => !t.IsImage) > LargestText;
        for (int i = 0; i < e.Tokens.Count;)
        {
            bool image = e.Tokens[i].IsImage;
            int end = i + 1;
            while (end < e.Tokens.Count && e.Tokens[end].IsImage == image && (image || collapseText)) end++;
            items.Add(new Item(
                end - i > 1 ? $"{end - i} × {(image ? Label(e.Tokens[i]) : "text")}" : Label(e.Tokens[i]),
                i, end - i, image ? "picture" : "text"));
            i = end;
        }

        foreach (ExplainedStep step in e.Steps.Take(generated)) items.Add(new Item(Label(step.Token), step.Token.Index, 1, "new"));
        return items;
    }

    private static string Label(ExplainedToken token) => Spelling.Of(token.Piece, longest: 13);
}
