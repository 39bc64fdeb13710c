
namespace VlmSharp.Explain.Html;

/// <summary>The sequence: ids, pieces and positions, prefix and suffix.</summary>
internal static class TokenSection
{
    public static void Write(HtmlWriter page, Explanation e)
    {
        page.Add($"""
            <section id="tokens"><h2><span class="no">2</span> The prompt, in tokens</h2>
            <p>The prompt and a line feed (↵) are cut into pieces of a vocabulary of {e.Config.Text.VocabSize} by byte-pair encoding; ▁
            stands for a space. In front stand {Figures.Count(e.Config.Vision.Patches, "placeholder")}, one for each patch, and
            &lt;bos&gt;. Each id picks a row of the embedding table, times √{e.Config.Text.HiddenSize}; the placeholders' rows are then
            replaced by what the projector made of the patches, unscaled. Pictures and words are vectors of the same kind from here on.</p>

            """);
        Sources.Write(
            page, "x[i] = √h · E[id i] for text,   x[i] = P · patch i + bias for the picture",
            "VlmSharp.Core/Tokenization/BytePairEncoder.cs", "VlmSharp.Core/Models/PaliGemmaModel.cs");
        page.Add($"""
            <div class="sequence"><p class="part">prefix: {Figures.Count(e.Tokens.Count, "token")}, given</p>
            <ol class="tokens">
            """);
        for (int i = 0; i < e.Tokens.Count;)
        {
            int end = i;
            while (end < e.Tokens.Count && e.Tokens[end].IsImage) end++;
            if (end > i + 1) WriteRun(page, e, i, end);
            else WriteToken(page, e, e.Tokens[i], "text");
            i = Math.Max(end, i + 1);
        }

        page.Add($"""</ol><p class="part">suffix: {Figures.Count(e.Steps.Count, "token")}, generated</p><ol class="tokens">""");
        foreach (ExplainedStep step in e.Steps) WriteToken(page, e, step.Token, "new");
        page.Add($"""
            </ol></div>
            <p class="note">Under each piece: its id, and the position that its rotary embedding turns by
            (<code>VlmSharp.Core/Compute/Reference/Rope.cs</code>).</p></section>

            """);
    }

    private static void WriteRun(HtmlWriter page, Explanation e, int start, int end) => page.Add($"""
        <li class="picture"><span class="piece">{end - start} × <bdi>{Spelling.Of(e.Tokens[start].Piece)}</bdi></span>
        <span class="id">{e.Tokens[start].Id}</span>
        <span class="at">at {Position(e, start)}–{Position(e, end - 1)}</span></li>
        """);

    private static void WriteToken(HtmlWriter page, Explanation e, ExplainedToken token, string kind) => page.Add($"""
        <li class="{(token.IsImage ? "picture" : kind)}"><span class="piece"><bdi>{Spelling.Of(token.Piece)}</bdi></span>
        <span class="id">{token.Id}</span><span class="at">at {Position(e, token.Index)}</span></li>
        """);

    private static int Position(Explanation e, int index) => index + e.Options.PositionBase;
}
