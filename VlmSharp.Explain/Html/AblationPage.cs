using VlmSharp.Explain.Ablations;
using VlmSharp.Imaging;

namespace VlmSharp.Explain.Html;

/// <summary>
/// Writes an <see cref="AblationReport"/> as one self-contained HTML page: style and pictures are in it, and there is no script.
/// The page is well-formed XML, and any text in a prompt, a vocabulary or a file name stays text.
/// </summary>
public static class AblationPage
{
    private const string Css = """
        .answers { width: 100%; }
        .answers th { color: var(--quiet); font-weight: 600; text-align: left; }
        .answers th, .answers td { padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
        .answers td.answer { max-width: 20rem; overflow-wrap: anywhere; }
        .answers td.bar { width: 26%; padding-right: 0; }
        .answers td.bar div { height: .8rem; min-width: 1px; margin-top: .25rem; background: var(--picture); border-radius: 0 2px 2px 0; }
        .answers .number { text-align: right; }
        .answers .whole td { color: var(--quiet); }
        .changed { color: var(--new); font-weight: 600; }
        .same { color: var(--quiet); }
        .wide { overflow-x: auto; }
        .wide + .note { margin-top: .8rem; }
        .tokens.rated li { background: color-mix(in srgb, var(--new) calc(var(--a) * 38%), var(--paper)); border-color: var(--line); }
        .switch { border-top: 1px solid var(--line); padding: 1.3rem 0 .6rem; break-inside: avoid; }
        .switch h3 { margin: 0 0 .5rem; font-size: 1.1rem; font-weight: 600; }
        .switch h3 code { font-weight: 400; color: var(--quiet); margin-left: .5rem; }
        .switch .equation { margin-top: .4rem; }
        .switch .files { margin-bottom: .8rem; }
        .whole-model {
          display: grid; grid-template-columns: minmax(0, 17rem) minmax(0, 1fr); gap: 1.6rem;
          align-items: start; margin-bottom: 1.2rem;
        }
        .whole-model .note { margin-top: .8rem; }
        .whole-model img, .other img { width: 100%; image-rendering: pixelated; border-radius: 3px; }
        .other { max-width: 10rem; margin: .2rem 0 .8rem; }
        .heads { min-width: 22rem; }
        .heads .cell { fill: var(--new); stroke: var(--line); }
        .heads .cell.turned { stroke: var(--ink); stroke-width: 1.5; }
        .heads .value { font: 10.5px var(--sans); fill: var(--ink); pointer-events: none; }
        @media (max-width: 40rem) { .whole-model { grid-template-columns: minmax(0, 1fr); } }
        """;

    /// <summary>Writes the page to a file, UTF-8, replacing it.</summary>
    /// <param name="report">What to show.</param>
    /// <param name="path">Where the page goes; its folder must exist.</param>
    public static void Save(AblationReport report, string path)
    {
        ArgumentNullException.ThrowIfNull(report);
        PageFile.Save(path, stream => Write(report, stream));
    }

    /// <summary>Writes the page to a stream, UTF-8.</summary>
    /// <param name="report">What to show.</param>
    /// <param name="stream">Where to write; left open.</param>
    public static void Write(AblationReport report, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(report);
        PageFile.Write(stream, $"{Title(report)}, without its parts", Css, page => WriteBody(page, report));
    }

    private static void WriteBody(HtmlWriter page, AblationReport report)
    {
        WriteSummary(page, report);
        WriteWhole(page, report);
        SwitchSection.Write(page, report);
        LayerSection.Write(page, report);
        HeadSection.Write(page, report);
        page.Add($"""
            <footer><p>Made by <code>vlmsharp ablate</code>. What each switch shows, and how to write one: <code>docs/ablate.md</code>.
            What the whole model saw and did: <code>vlmsharp explain</code>.</p></footer>
            </main></body></html>

            """);
    }

    private static void WriteSummary(HtmlWriter page, AblationReport r)
    {
        int same = r.Results.Count(result => result.IsSame);
        page.Add($"""
            <main><header><p class="eyebrow">What each part is for</p>
            <h1><span class="asked"><bdi>{Title(r)}</bdi></span> <span class="arrow">→</span>
            """);
        page.Add($"""
             <span class="answered"><bdi>{AnswerTable.Shown(r.Whole)}</bdi></span></h1>
            <p>This page asks a model the same thing again and again, each time with one of its parts switched off. Where the answer stays,
            the part was not needed for it. Where it changes, the change says what the part is for. The parameters are the same in every
            run.</p>
            <dl><div><dt>model</dt><dd>{r.ModelName}</dd></div><div><dt>network</dt><dd>{r.Config.Text.Layers} decoder layers of width
            {r.Config.Text.HiddenSize}, {Figures.Count(r.Config.Text.Heads, "query head")} each</dd></div>
            <div><dt>switches</dt><dd>{r.Results.Count}; with {same} of them the answer stays</dd></div>
            <div><dt>computed by</dt><dd>{r.Backend}</dd></div></dl>
            <nav><a href="#whole">whole model</a>
            """);
        (AblationScope, string)[] sections =
            [(AblationScope.Model, "switches"), (AblationScope.Layer, "layers"), (AblationScope.Head, "heads")];
        foreach ((AblationScope scope, string id) in sections)
            if (r.Results.Any(result => result.Switch.Scope == scope)) page.Add($"""<a href="#{id}">{id}</a>""");
        page.Add($"</nav></header>\n");
    }

    private static void WriteWhole(HtmlWriter page, AblationReport r)
    {
        page.Add($"""
            <section id="whole"><h2>The whole model</h2>
            <div class="whole-model"><figure>
            """);
        WritePicture(page, r.Seen, "The picture as the model sees it");
        page.Add($"""
            <figcaption>The picture, as the model sees it.</figcaption></figure><div>
            <p>The model's answer, and the probability of each token, given the tokens before it.</p>
            """);
        AnswerTable.WriteTokens(page, r, r.Whole);
        page.Add($"""
            <p class="note">Their product is the answer's probability, {Figures.Percent(Math.Exp(r.Whole.LogProbability))}; its logarithm is
            {AnswerTable.Nats(r.Whole.LogProbability)}.</p>
            <p>Each switch has two numbers. <b>ln q</b> is the logarithm of the probability that the changed model gives to this
            very answer: 0 would be certainty, and every −0.7 halves it. <b>KL</b> says how far all the probabilities have moved, those of
            other tokens too: 0 means no change. Both are in nats. For both, the changed model reads the whole model's answer, so every run
            is asked the same.</p></div></div>

            """);
        Sources.Write(
            page,
            "ln q = Σ over t of ln q(a[t] | picture, prompt, a[1..t−1])\nKL   = mean over t of Σ over v of p(v) · ln(p(v) / q(v))",
            "VlmSharp.Explain/Ablations/AblationRun.cs", "VlmSharp.Explain/Ablations/LogitRows.cs");
        page.Add($"</section>\n");
    }

    /// <summary>A picture in the page.</summary>
    internal static void WritePicture(HtmlWriter page, RgbImage picture, string label) =>
        page.Add($"""<img src="{Figures.DataUri(picture)}" width="{picture.Width}" height="{picture.Height}" alt="{label}"/>""");

    private static string Title(AblationReport r)
    {
        string prompt = r.Prompt.Trim();
        return prompt.Length == 0 ? "(no text)" : PageFile.Cut(prompt);
    }
}
