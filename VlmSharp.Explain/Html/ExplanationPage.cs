using VlmSharp.Generation;

namespace VlmSharp.Explain.Html;

/// <summary>
/// Writes an <see cref="Explanation"/> as one self-contained HTML page: style and pictures are in it, and there is no script.
/// The page is well-formed XML, and any text in a prompt, a vocabulary or a file name stays text.
/// </summary>
public static class ExplanationPage
{
    /// <summary>Writes the page to a file, UTF-8, replacing it.</summary>
    /// <param name="explanation">What to show.</param>
    /// <param name="path">Where the page goes; its folder must exist.</param>
    public static void Save(Explanation explanation, string path)
    {
        ArgumentNullException.ThrowIfNull(explanation);
        PageFile.Save(path, stream => Write(explanation, stream));
    }

    /// <summary>Writes the page to a stream, UTF-8.</summary>
    /// <param name="explanation">What to show.</param>
    /// <param name="stream">Where to write; left open.</param>
    public static void Write(Explanation explanation, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(explanation);
        PageFile.Write(stream, Title(explanation), css: null, page => WriteBody(page, explanation));
    }

    private static void WriteBody(HtmlWriter page, Explanation explanation)
    {
        PictureSection.Define(page, explanation);
        WriteSummary(page, explanation);
        PictureSection.Write(page, explanation);
        TokenSection.Write(page, explanation);
        MaskSection.Write(page, explanation);
        NormSection.Write(page, explanation);
        AnswerSection.Write(page, explanation);
        WriteEnd(page);
    }

    private static void WriteSummary(HtmlWriter page, Explanation e)
    {
        string end = e.Finish == FinishReason.Stop ? "to the end of the sequence" : "cut at the limit";
        page.Add($"""
            <main><header><p class="eyebrow">What the model saw and did</p>
            <h1><span class="asked"><bdi>{Title(e)}</bdi></span> <span class="arrow">→</span>
            <span class="answered"><bdi>{Answer(e)}</bdi></span></h1>
            <p>This page follows one picture and one prompt through PaliGemma, from pixels to the last word. Every number and every figure
            on it comes from this one run. Each section is a stop of the tour in <code>docs/tour.md</code> and names the equation and the
            files where it is written.</p>
            <dl><div><dt>model</dt><dd>{e.ModelName}</dd></div>
            <div><dt>network</dt><dd>{e.Config.Vision.Layers} encoder blocks of width {e.Config.Vision.HiddenSize},
            {e.Config.Text.Layers} decoder blocks of width {e.Config.Text.HiddenSize}</dd></div>
            <div><dt>prompt</dt><dd>{Figures.Count(e.Tokens.Count, "token")}, {e.Config.Vision.Patches} of them the picture</dd></div>
            <div><dt>answer</dt><dd>{Figures.Count(e.Steps.Count, "token")}, {end}</dd></div>
            <div><dt>computed by</dt><dd>{e.Backend}</dd></div></dl>
            <nav><a href="#picture">picture</a><a href="#tokens">tokens</a><a href="#mask">mask</a>
            <a href="#norms">sizes</a><a href="#answer">answer</a></nav>
            </header>

            """);
    }

    private static void WriteEnd(HtmlWriter page) => page.Add($"""
        <footer><p>Made by <code>vlmsharp explain</code>. To go on: <code>docs/tour.md</code> is the way in words,
        <code>vlmsharp trace</code> writes every stage as numbers, and <code>VlmSharp.Core/Compute/Reference</code> has each operator in
        plain loops.</p></footer>
        </main></body></html>

        """);

    private static string Title(Explanation e) => e.Prompt.Trim().Length > 0 ? PageFile.Cut(e.Prompt.Trim())
        : e.Prompt.Length > 0 || e.Tokens.Count == 0 ? "(empty prompt)"
        : "the prompt";

    private static string Answer(Explanation e) => string.IsNullOrWhiteSpace(e.Text) ? "(nothing)" : PageFile.Cut(e.Text.Trim());
}
