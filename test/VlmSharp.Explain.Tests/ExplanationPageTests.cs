using System.Text;
using System.Xml.Linq;
using VlmSharp.Conformance;
using VlmSharp.Explain;
using VlmSharp.Explain.Html;
using VlmSharp.Imaging;

namespace VlmSharp.Explain.Tests;

/// <summary>The page is well formed, self-contained, safe for any input, and shows the explanation.</summary>
public sealed class ExplanationPageTests
{
    private static readonly XNamespace Html = "http://www.w3.org/1999/xhtml";
    private static readonly string[] Prompt = ["<bos>", "caption", "▁en", "\n"], Answer = ["a", "▁cake", "<eos>"];

    [Fact]
    public void The_page_needs_nothing_else()
    {
        XDocument page = Parse(Small());
        Assert.Empty(page.Descendants(Html + "script"));
        foreach (XAttribute attribute in page.Descendants().Attributes().Where(a => !a.IsNamespaceDeclaration))
        {
            Assert.False(attribute.Name.LocalName.StartsWith("on", StringComparison.OrdinalIgnoreCase), attribute.ToString());
            if (attribute.Name.LocalName is "src" or "href")
            {
                Assert.True(
                    attribute.Value.StartsWith("data:image/png;base64,", StringComparison.Ordinal) || attribute.Value[0] == '#',
                    attribute.Value);
            }
            else Assert.DoesNotContain("//", attribute.Value, StringComparison.Ordinal);
        }

        string style = page.Descendants(Html + "style").Single().Value;
        Assert.DoesNotContain("url(", style, StringComparison.Ordinal);
        Assert.DoesNotContain("@import", style, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_link_and_reference_has_its_target()
    {
        XDocument page = Parse(Small());
        HashSet<string> ids = [.. page.Descendants().Attributes("id").Select(a => a.Value)];
        Assert.Equal(page.Descendants().Attributes("id").Count(), ids.Count);
        foreach (string reference in page.Descendants().Attributes("href").Select(a => a.Value).Where(v => v[0] == '#'))
            Assert.Contains(reference[1..], ids);
        Assert.All(page.Descendants().Attributes("filter"), a => Assert.Equal("url(#heat)", a.Value));
        Assert.Contains("heat", ids);
        foreach (string file in page.Descendants(Html + "code")
            .Select(c => c.Value)
            .Where(c => c.EndsWith(".cs", StringComparison.Ordinal) || c.EndsWith(".md", StringComparison.Ordinal)))
            Assert.True(File.Exists(Path.Combine(GoldenFiles.Root, file)), $"{file}, which the page names, does not exist");
    }

    [Fact]
    public void Hostile_text_stays_text()
    {
        string[] hostile =
        [
            "</title></style></code><script>alert(1)</script>", "\" onload=\"alert(1)", "' onclick='alert(1)", "]]><!--",
            "&#x3C;b&#x3E;&amp;",
            "\0\b\u001b[31m", "\uD800", "\uDC00\uD800", "\uFFFE\uFFFF", "\u202Egnp.exe", "\u200B", "\n", "", " ", "\U0001F370",
            new string('x', 100_000),
        ];
        Explanation explanation = Small(hostile, hostile) with { ModelName = hostile[0], Backend = hostile[1] };
        XDocument page = Parse(explanation);
        Assert.Empty(page.Descendants(Html + "script"));
        Assert.Empty(page.Descendants(Html + "b"));
        Assert.DoesNotContain(page.Descendants().Attributes(), a => a.Name.LocalName.StartsWith("on", StringComparison.Ordinal));
        Assert.Contains(page.Descendants(Html + "dd"), d => d.Value == hostile[0]);
        Assert.Equal(Parse(Small(Prompt, Answer)).Descendants(Html + "section").Count(), page.Descendants(Html + "section").Count());

        string[] pieces = [.. page.Descendants(Html + "ol").First().Elements().Skip(1).Select(li => li.Elements().First().Value)];
        Assert.Equal(hostile[1], pieces[1]);
        Assert.Equal(["U+0000U+0008U+001B[31m", "\uFFFD", "\uFFFD\uFFFD"], pieces[5..8]);
        Assert.Equal(["U+202Egnp.exe", "U+200B", "↵", "(no piece)", "␠", "\U0001F370"], pieces[9..15]);
        Assert.Equal(49, pieces[15].Length); // cut off with an ellipsis
        Assert.True(Bytes(explanation).Length < 1_000_000);
    }

    [Theory, InlineData(199), InlineData(198)]
    public void A_title_is_cut_between_characters(int before)
    {
        string text = new string('x', before) + "\U0001F370" + new string('y', 100);
        string heading = Parse(Small() with { Prompt = text, Text = text }).Descendants(Html + "h1").Single().Value;
        Assert.DoesNotContain('\uFFFD', heading);
        Assert.EndsWith(before == 199 ? "x…" : "\U0001F370…", heading, StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_that_are_not_finite_break_nothing()
    {
        Explanation good = Small();
        float[] nothing = [.. Enumerable.Repeat(float.NaN, 16)];
        ExplainedStep step = good.Steps[0] with
        {
            Probability = double.NaN,
            Candidates = [],
            Share = new AttentionShare(double.NaN, double.NegativeInfinity, double.PositiveInfinity),
            Map = new AttentionMap(4, 1, nothing),
            Weights = [.. Enumerable.Repeat(float.NaN, good.Tokens.Count)],
        };
        foreach (double value in new[] { double.NaN, double.PositiveInfinity, 0, double.Epsilon, 1e300 })
        {
            string text = Encoding.UTF8.GetString(Bytes(good with
            {
                Steps = [step],
                Norms = [new StageNorm("vision.embeddings", value, null), new StageNorm("text.input", 1, value)]
            }));
            XDocument page = XDocument.Parse(text);
            foreach (string name in new[] { "x", "y", "cx", "cy", "width", "height", "d", "points", "style" })
                Assert.All(page.Descendants().Attributes(name), a =>
                    Assert.False(
                        a.Value.Contains("NaN", StringComparison.Ordinal) || a.Value.Contains('∞', StringComparison.Ordinal),
                        a.ToString()));
        }

        Parse(good with { Steps = [], Norms = [], Text = null, Prompt = "" });
    }

    /// <summary>Compares the cells of the drawn mask with the mask itself.</summary>
    [Fact]
    public void The_mask_equals_that_of_the_model()
    {
        XElement[] cells = [.. Svg(Parse(Small()), "mask").Elements(Html + "rect")];
        int items = 1 + Prompt.Length + Answer.Length, given = 1 + Prompt.Length; // the 16 image tokens are one item
        Assert.Equal(items * items, cells.Length);
        for (int query = 0; query < items; query++)
            for (int key = 0; key < items; key++)
            {
                string expected = key >= given && key > query ? "hidden" : key == 0 ? "picture" : key < given ? "text" : "new";
                Assert.Equal(expected, cells[query * items + key].Attribute("class")!.Value);
            }
    }

    [Fact]
    public void Long_prompts_and_answers_are_abbreviated()
    {
        XDocument page = Parse(Small([.. Enumerable.Repeat("word", 300)], [.. Enumerable.Repeat("more", 60)]));
        Assert.Equal((2 + 16) * (2 + 16), Svg(page, "mask").Elements(Html + "rect").Count());
        XElement words = page.Descendants(Html + "p").Last(p => p.Attribute("class")?.Value == "words");
        Assert.Equal(48, words.Elements().Count());
        Assert.Equal(60, page.Descendants(Html + "article").Count());
    }

    /// <summary>The brightness of a map's PNG shows the attention of its cells; the largest is white.</summary>
    [Fact]
    public void A_heat_map_shows_its_numbers()
    {
        Explanation explanation = Small();
        XElement[] maps = [.. Parse(explanation).Descendants(Html + "image").Where(i => i.Attribute("class")?.Value == "heat")];
        Assert.Equal(explanation.Steps.Sum(s => 1 + s.Layers.Count), maps.Length);
        RgbImage image = Picture(maps[0].Attribute("href")!.Value);
        IReadOnlyList<float> cells = explanation.Steps[0].Map.Cells;
        Assert.Equal((4, 4), (image.Width, image.Height));
        for (int i = 0; i < cells.Count; i++) Assert.Equal(255 * cells[i] / cells.Max(), image.Pixels[3 * i + 1], 0.5001);
        Assert.Equal(
            explanation.Seen.Pixels,
            Picture(
                Parse(explanation).Descendants(Html + "image").Single(i => i.Attribute("id")?.Value == "seen").Attribute("href")!.Value)
                .Pixels);
    }

    /// <summary>
    /// The size of a page for the published models: a photograph, plus the part of each token with maps that do not compress.
    /// </summary>
    [Theory]
    [InlineData(224, 18, 600_000, 24_000)] // PaliGemma-3B at 224 px
    [InlineData(896, 26, 2_200_000, 70_000)] // PaliGemma-2-3B at 896 px
    public void Pages_stay_of_reasonable_size(int imageSize, int layers, long first, long each)
    {
        RgbImage photograph = ImageFile.Load(GoldenFiles.PathOf("images", "photo_chelsea.png"));
        long[] sizes =
        [
            .. new[] { 1, 3 }.Select(n =>
                (long)Bytes(
                    SyntheticExplanation.Create(photograph, imageSize, 14, layers, Prompt, [.. Enumerable.Repeat("▁word", n)], 257_216))
                    .Length)
        ];
        Assert.InRange(sizes[0], 0, first);
        Assert.InRange((sizes[1] - sizes[0]) / 2, 0, each);
    }

    private static Explanation Small(string[]? prompt = null, string[]? answer = null) =>
        SyntheticExplanation.Create(Pictures.Noise(40, 30), 56, 14, 2, prompt ?? Prompt, answer ?? Answer);

    private static byte[] Bytes(Explanation explanation)
    {
        using var stream = new MemoryStream();
        ExplanationPage.Write(explanation, stream);
        return stream.ToArray();
    }

    private static XDocument Parse(Explanation explanation) => XDocument.Parse(Encoding.UTF8.GetString(Bytes(explanation)));

    private static XElement Svg(XDocument page, string kind) =>
        page.Descendants(Html + "svg").Single(s => s.Attribute("class")?.Value == kind);

    private static RgbImage Picture(string uri) =>
        ImageFile.Decode(Convert.FromBase64String(uri["data:image/png;base64,".Length..]), "page");
}
