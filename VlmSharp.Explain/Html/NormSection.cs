using System.Globalization;

namespace VlmSharp.Explain.Html;

/// <summary>The size of every stage's numbers: a chart with a logarithmic axis, and a table.</summary>
internal static class NormSection
{
    private const int Width = 800, Height = 300, Left = 52, Right = 12, Top = 34, Bottom = 62;

    public static void Write(HtmlWriter page, Explanation e)
    {
        page.Add($"""
            <section id="norms"><h2><span class="no">4</span> How large the numbers are</h2>
            <p>Each point is the root mean square of all numbers of a stage: the length of a typical token's vector, divided by the root
            of its width. Every block adds its two branches to the vector that passes through it, so sizes mostly grow; the norm at the
            end of each stack sets them back. The picture's rows come from the projector and the text's from the embedding table: they
            are drawn apart.{(e.Config.Text.HasPostNorms ? " This decoder also norms each branch before it is added." : "")}</p>

            """);
        Sources.Write(page, "u = x + Attention(Norm(x)),   y = u + FeedForward(Norm(u));   drawn: sqrt(mean(y²))",
            "VlmSharp.Core/Models/SigLipEncoder.cs", "VlmSharp.Core/Models/GemmaDecoder.cs", "VlmSharp.Core/Compute/Reference/RmsNorm.cs");
        WriteChart(page, e.Norms);
        WriteTable(page, e.Norms);
        page.Add($"</section>\n");
    }

    private static void WriteChart(HtmlWriter page, IReadOnlyList<StageNorm> norms)
    {
        double[] values = [.. norms.SelectMany(n => new[] { n.Image, n.Text ?? n.Image }).Where(v => double.IsFinite(v) && v > 0)];
        if (values.Length == 0) return;
        // Ticks at 1, 2, 5, 10 ... around the values.
        double[] ticks =
        [
            .. Enumerable.Range(-30, 70).SelectMany(k => new[] { Math.Pow(10, k), 2 * Math.Pow(10, k), 5 * Math.Pow(10, k) }),
        ];
        double low = ticks.LastOrDefault(t => t <= values.Min(), ticks[0]), high = ticks.FirstOrDefault(t => t >= values.Max(), ticks[^1]);
        if (high <= low) high = 2 * low;
        double X(int i) => Left + 14 + i * (Width - Left - Right - 28.0) / Math.Max(1, norms.Count - 1);
        double Y(double value) =>
            Height - Bottom - (Math.Log(value) - Math.Log(low)) / (Math.Log(high) - Math.Log(low)) * (Height - Top - Bottom);

        page.Add($"""
            <figure class="wide"><svg class="chart" viewBox="0 0 {Width} {Height}" role="img" aria-label="Root mean square of each stage">

            """);
        double step = norms.Count > 1 ? X(1) - X(0) : Width;
        WriteBand(page, "SigLIP encoder", norms, "vision.", X, step);
        WriteBand(page, "Gemma decoder", norms, "text.", X, step);
        bool crowded = high / low > 500;
        foreach (double tick in ticks.Where(t => t >= low && t <= high && (!crowded || IsPowerOfTen(t))))
        {
            page.Add($"""<path class="rule" d="M{Left} {Y(tick):0.#}H{Width - Right}"/>""");
            page.Add($"""<text class="label" x="{Left - 6}" y="{Y(tick) + 4:0.#}" text-anchor="end">{Tick(tick)}</text>""");
        }

        foreach (int i in Labeled(norms, step))
        {
            page.Add($"""<text class="label" transform="translate({X(i) + 3:0.#} {Height - Bottom + 10}) rotate(-45)" """);
            page.Add($"""text-anchor="end">{Label(norms[i].Name)}</text>""");
        }

        WriteSeries(page, norms, n => n.Image, "picture", X, Y);
        WriteSeries(page, norms, n => n.Text, "text", X, Y);
        page.Add($"""
            </svg><figcaption><span class="swatch picture"></span> rows of the picture
            <span class="swatch text"></span> rows of text. A number below is a block;
            the vertical axis is logarithmic.</figcaption></figure>

            """);
    }

    private static void WriteBand(
        HtmlWriter page, string title, IReadOnlyList<StageNorm> norms, string prefix, Func<int, double> x, double step)
    {
        int[] own = [.. Enumerable.Range(0, norms.Count).Where(i => norms[i].Name.StartsWith(prefix, StringComparison.Ordinal))];
        if (own.Length == 0) return;
        double left = Math.Max(Left, x(own[0]) - step / 2), right = Math.Min(Width - Right, x(own[^1]) + step / 2);
        page.Add($"""<rect class="band" x="{left:0.#}" y="{Top - 22}" width="{right - left:0.#}" """);
        page.Add($"""height="{Height - Top - Bottom + 22}"/>""");
        page.Add($"""<text class="label title" x="{(left + right) / 2:0.#}" y="{Top - 8}" text-anchor="middle">{title}</text>""");
    }

    private static void WriteSeries(
        HtmlWriter page,
        IReadOnlyList<StageNorm> norms,
        Func<StageNorm, double?> size,
        string kind,
        Func<int, double> x,
        Func<double, double> y)
    {
        int[] drawn = [.. Enumerable.Range(0, norms.Count).Where(i => size(norms[i]) is > 0 and < double.PositiveInfinity)];
        page.Add($"<polyline class=\"line {kind}\" points=\"");
        foreach (int i in drawn) page.Add($"{x(i):0.#},{y(size(norms[i])!.Value):0.#} ");
        page.Add($"\"/>");
        foreach (int i in drawn)
        {
            double value = size(norms[i])!.Value;
            page.Add($"""<circle class="point {kind}" cx="{x(i):0.#}" cy="{y(value):0.#}" r="3.5">""");
            page.Add($"<title>{norms[i].Name}: {Figures.Size(value)}</title></circle>");
        }
    }

    private static void WriteTable(HtmlWriter page, IReadOnlyList<StageNorm> norms)
    {
        page.Add($"""
            <details><summary>The numbers of all {norms.Count} stages</summary>
            <table><thead><tr><th>stage</th><th class="number">picture</th><th class="number">text</th></tr></thead><tbody>

            """);
        foreach (StageNorm norm in norms)
            page.Add($"<tr><td><code>{norm.Name}</code></td><td class=\"number\">{Figures.Size(norm.Image)}</td>" +
                $"<td class=\"number\">{(norm.Text is { } text ? Figures.Size(text) : "–")}</td></tr>\n");
        page.Add($"""
            </tbody></table>
            <p class="note">The names are those of <code>vlmsharp trace</code>, which writes the numbers themselves.</p></details>

            """);
    }

    /// <summary>
    /// The stages with a label: the ends and the projector, then every n-th block, then stages without a number, if there is room.
    /// </summary>
    private static List<int> Labeled(IReadOnlyList<StageNorm> norms, double step)
    {
        const double Room = 22;
        int every = step >= Room ? 1 : step >= Room / 2 ? 2 : 4;
        var chosen = new List<int>();
        foreach (int i in Enumerable.Range(0, norms.Count).Where(i => Rank(i) < 3).OrderBy(Rank))
            if (chosen.TrueForAll(c => Math.Abs(c - i) * step >= Room)) chosen.Add(i);
        return chosen;

        int Rank(int i)
        {
            if (i == 0 || i == norms.Count - 1 || norms[i].Name == "projector") return 0;
            return !int.TryParse(Label(norms[i].Name), NumberStyles.None, CultureInfo.InvariantCulture, out int block) ? 2
                : block % every == 0 ? 1
                : 3;
        }
    }

    private static string Label(string name) => name switch
    {
        "vision.embeddings" => "patches",
        "vision.post_norm" or "text.norm" => "norm",
        "text.input" => "input",
        _ => name[(name.LastIndexOf('.') + 1)..],
    };

    private static string Tick(double value) => value is >= 0.001 and < 100_000
        ? value.ToString("0.###", CultureInfo.InvariantCulture)
        : value.ToString("0E+0", CultureInfo.InvariantCulture);

    private static bool IsPowerOfTen(double value) => Math.Abs(Math.Log10(value) - Math.Round(Math.Log10(value))) < 1e-6;
}
