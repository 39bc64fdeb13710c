using VlmSharp.Imaging;

namespace VlmSharp.Explain.Html;

/// <summary>Each new token: its candidates, and where the position that chose it looked.</summary>
internal static class AnswerSection
{
    // With more keys than this, only the keys with the most attention are shown, in their order: all of them would be unreadable.
    private const int LargestWords = 48;

    public static void Write(HtmlWriter page, Explanation e)
    {
        int keys = e.Tokens.Count, patches = e.Config.Vision.Patches;
        string matrix = e.Config.TiesHead ? "embedding table" : "output matrix";
        page.Add($"""
            <section id="answer"><h2><span class="no">5</span> The answer, token by token</h2>
            <p>The vector at the last position, normed, is multiplied with all {e.Config.Text.VocabSize} rows of the {matrix};
            softmax makes probabilities of the products, and the largest is taken. The new token then goes through the decoder itself
            and chooses the next. The bars are the likeliest candidates of each step.</p>
            <p>The map shows where that same position looked on its way through the decoder, the mean of
            {Figures.Count(e.Config.Text.Heads, "head")} and {Figures.Count(e.Config.Text.Layers, "layer")}. Its darkest patch is the one
            with the most attention; the numbers say how much that is. The picture is {patches} of the prompt's {keys} tokens, so
            attention spread evenly would leave it {Figures.Percent((double)patches / keys)}. Read the maps with care: attention says
            from which places a layer fetched, not why the answer is what it is. A patch's vector has already seen the whole picture in
            the encoder, and many heads rest on a token that tells them nothing.</p>

            """);
        Sources.Write(
            page, $"p = softmax(E · Norm(y))   and in each head   a[j] = softmax over j ({Score(e)})",
            "VlmSharp.Core/Models/PaliGemmaModel.cs", "VlmSharp.Core/Compute/Reference/Attention.cs",
            "VlmSharp.Core/Generation/GenerationSession.cs");
        page.Add($"""<p class="legend"><span>no attention</span><svg viewBox="0 0 120 10" aria-hidden="true">""");
        for (int i = 0; i < 12; i++)
        {
            int gray = i * 255 / 11;
            page.Add($"""<rect x="{i * 10}" width="10" height="10" fill="rgb({gray},{gray},{gray})" filter="url(#heat)"/>""");
        }

        page.Add($"""</svg><span>the most of this map</span></p>""");
        for (int i = 0; i < e.Steps.Count; i++) WriteStep(page, e, i);
        page.Add($"</section>\n");
    }

    private static string Score(Explanation e) => e.Options.AttentionSoftCap && e.Config.Text.AttentionSoftCap > 0
        ? "cap · tanh(scale · q · k[j] / cap)"
        : "scale · q · k[j]";

    private static void WriteStep(HtmlWriter page, Explanation e, int number)
    {
        ExplainedStep step = e.Steps[number];
        ExplainedToken from = number == 0 ? e.Tokens[^1] : e.Steps[number - 1].Token;
        int most = IndexOfMax(step.Map.Cells), side = step.Map.Side;
        page.Add($"""
            <article class="step"><h3><span class="count">{number + 1}</span>
            <span class="piece new"><bdi>{Spelling.Of(step.Token.Piece)}</bdi></span>
            <span class="quiet">id {step.Token.Id}, {Figures.Percent(step.Probability)}, chosen from the vector at
            <span class="piece"><bdi>{Spelling.Of(from.Piece)}</bdi></span></span></h3>
            <div class="panes"><figure>
            """);
        WriteMap(page, e, step.Map, $"Attention behind token {number + 1}");
        page.Add($"""
            <figcaption>{Figures.Percent(step.Share.Picture)} of the attention is on the picture, the most on patch {most}
            (row {most / side}, column {most % side}): {Figures.Percent(step.Map.Cells[most])},
            {step.Map.Cells[most] * (double)step.Weights.Count:0.0} times an even share.</figcaption></figure>
            <div>
            """);
        WriteCandidates(page, step);
        WriteShare(page, step.Share);
        WriteWords(page, e, number);
        page.Add($"</div></div>");
        WriteLayers(page, e, step);
        page.Add($"</article>\n");
    }

    private static void WriteCandidates(HtmlWriter page, ExplainedStep step)
    {
        page.Add($"""<table class="bars"><caption>Candidates</caption><tbody>""");
        foreach (ExplainedCandidate candidate in step.Candidates)
        {
            double width = double.IsFinite(candidate.Probability) ? Math.Clamp(100 * candidate.Probability, 0, 100) : 0;
            page.Add($"""
                <tr title="id {candidate.Id}"><th><span class="piece"><bdi>{Spelling.Of(candidate.Piece)}</bdi></span></th>
                <td class="bar"><div style="width:{width:0.##}%"></div></td>
                <td class="number">{Figures.Percent(candidate.Probability)}</td></tr>
                """);
        }

        page.Add($"</tbody></table>");
    }

    private static void WriteShare(HtmlWriter page, AttentionShare share)
    {
        page.Add($"""
            <p class="caption">Attention</p><div class="share"><div class="picture" style="flex:{share.Picture:0.####} 0 0"></div>
            <div class="text" style="flex:{share.Prompt:0.####} 0 0"></div>
            <div class="new" style="flex:{share.Generated:0.####} 0 0"></div></div>
            <p class="key"><span class="swatch picture"></span> picture {Figures.Percent(share.Picture)}
            <span class="swatch text"></span> prompt {Figures.Percent(share.Prompt)}
            <span class="swatch new"></span> generated {Figures.Percent(share.Generated)}</p>
            """);
    }

    /// <summary>The text tokens so far, tinted by the attention on each.</summary>
    private static void WriteWords(HtmlWriter page, Explanation e, int number)
    {
        IReadOnlyList<float> weights = e.Steps[number].Weights;
        ExplainedToken[] words = [.. e.Tokens.Where(t => !t.IsImage), .. e.Steps.Take(number).Select(s => s.Token)];
        int all = words.Length;
        if (all > LargestWords) words = [.. words.OrderByDescending(t => weights[t.Index]).Take(LargestWords).OrderBy(t => t.Index)];
        float largest = words.Length > 0 ? words.Max(t => weights[t.Index]) : 0;
        page.Add($"""<p class="words">""");
        foreach (ExplainedToken token in words)
        {
            float weight = weights[token.Index], shade = largest > 0 ? weight / largest : 0;
            page.Add($"""<span class="piece" style="--a:{shade:0.##}" title="{Figures.Percent(weight)}">""");
            page.Add($"<bdi>{Spelling.Of(token.Piece)}</bdi></span> ");
        }

        page.Add($"</p>");
        if (words.Length < all) page.Add($"""<p class="note">Of {all} tokens of text, the {words.Length} with the most attention.</p>""");
    }

    private static void WriteLayers(HtmlWriter page, Explanation e, ExplainedStep step)
    {
        page.Add($"""<details><summary>{Figures.Count(step.Layers.Count, "layer")}, each by itself</summary><div class="layers">""");
        for (int i = 0; i < step.Layers.Count; i++)
        {
            LayerAttention layer = step.Layers[i];
            page.Add($"<figure>");
            WriteMap(page, e, layer.Map, $"Attention of layer {i}");
            page.Add($"""
                <figcaption>layer {i}: picture {Figures.Percent(layer.Share.Picture)},
                prompt {Figures.Percent(layer.Share.Prompt)},
                generated {Figures.Percent(layer.Share.Generated)}</figcaption></figure>
                """);
        }

        page.Add($"</div></details>");
    }

    /// <summary>A heat map over the resized picture: a small gray PNG, stretched, and colored by the filter that all maps share.</summary>
    private static void WriteMap(HtmlWriter page, Explanation e, AttentionMap map, string label)
    {
        // The stretched map extends beyond the picture where the last cells have fewer patches.
        int side = e.Seen.Width, stretched = map.Side * map.PatchesPerCell * e.Config.Vision.PatchSize;
        page.Add($"""
            <svg class="map" viewBox="0 0 {side} {side}" role="img" aria-label="{label}"><use class="under" href="#seen"/>
            <image class="heat" width="{stretched}" height="{stretched}" preserveAspectRatio="none" filter="url(#heat)"
            href="{Figures.DataUri(Gray(map))}"/></svg>
            """);
    }

    /// <summary>Brightness by attention, white for the most.</summary>
    private static GrayImage Gray(AttentionMap map)
    {
        var image = new GrayImage(map.Side, map.Side);
        float largest = map.Cells[IndexOfMax(map.Cells)];
        for (int i = 0; i < map.Cells.Count; i++)
        {
            float level = map.Cells[i] / largest;
            image.Pixels[i] = level > 0 ? (byte)Math.Round(255 * Math.Min(level, 1)) : (byte)0;
        }

        return image;
    }

    private static int IndexOfMax(IReadOnlyList<float> values)
    {
        int best = 0;
        for (int i = 1; i < values.Count; i++)
            if (values[i] > values[best]) best = i;
        return best;
    }
}
