using System.Text;
using System.Xml.Linq;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Explain.Ablations;
using VlmSharp.Explain.Html;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Explain.Tests.Ablations;

/// <summary>The page of an ablation: what is on it, and what can never be.</summary>
public sealed class AblationPageTests
{
    private static readonly XNamespace Html = "http://www.w3.org/1999/xhtml";

    private static readonly AblationReport Report = Create();

    [Fact]
    public void Every_switch_is_on_the_page_with_its_numbers()
    {
        XDocument page = Parse(Report);
        Assert.Equal(Report.Results.Where(r => r.Switch.Scope == AblationScope.Model).Select(r => r.Switch.Name),
            page.Descendants(Html + "article").Select(a => a.Descendants(Html + "code").First().Value));
        string[] rows = [.. page.Descendants(Html + "tbody").SelectMany(t => t.Elements().Skip(1)).Select(r => r.Value)];
        Assert.Equal(Report.Results.Count, rows.Length);
        foreach (AblationResult result in Report.Results)
        {
            string row = rows.Single(r => r.Contains(result.Switch.Title, StringComparison.Ordinal));
            Assert.Contains(AnswerTable.Size(result.Answer.Divergence), row, StringComparison.Ordinal);
        }

        XElement[] cells = [.. page.Descendants(Html + "rect")];
        Assert.Equal(Report.Config.Text.Layers * Report.Config.Text.Heads, cells.Length);
        AblationResult[] heads = [.. Report.Results.Where(r => r.Switch.Scope == AblationScope.Head)];
        Assert.Equal(heads.Select(h => h.IsSame ? "cell " : "cell turned"), cells.Select(c => c.Attribute("class")!.Value));
        Assert.Equal(2, page.Descendants(Html + "img").Count()); // the picture and the other one
    }

    [Fact]
    public void The_page_needs_nothing_else_and_names_files_that_exist()
    {
        XDocument page = Parse(Report);
        Assert.Empty(page.Descendants(Html + "script"));
        foreach (XAttribute source in page.Descendants().Attributes("src"))
            Assert.StartsWith("data:image/png;base64,", source.Value, StringComparison.Ordinal);
        string[] ids = [.. page.Descendants().Attributes("id").Select(a => a.Value)];
        foreach (string reference in page.Descendants().Attributes("href").Select(a => a.Value)) Assert.Contains(reference[1..], ids);
        foreach (string file in page.Descendants(Html + "code").Select(c => c.Value).Where(c => Path.GetExtension(c) is ".cs" or ".md"))
            Assert.True(File.Exists(Path.Combine(GoldenFiles.Root, file)), $"{file}, which the page names, does not exist");
    }

    [Theory]
    [InlineData("</title></style><script>alert(1)</script>")]
    [InlineData("\" onload=\"alert(1)")]
    [InlineData("]]><!--\0\u001b[31m\uD800\u202E")]
    public void Hostile_text_stays_text(string text)
    {
        XDocument page = Parse(Report with
        {
            Prompt = text,
            ModelName = text,
            Answer = [.. Report.Answer.Select(t => t with { Piece = text })],
            Whole = Report.Whole with { Text = text },
            Results = [.. Report.Results.Select(r => r with { Answer = r.Answer with { Text = text } })],
        });
        Assert.Empty(page.Descendants(Html + "script"));
        Assert.DoesNotContain(page.Descendants().Attributes(), a => a.Name.LocalName.StartsWith("on", StringComparison.Ordinal));
        Assert.Equal(Parse(Report).Descendants(Html + "section").Count(), page.Descendants(Html + "section").Count());
    }

    [Theory, InlineData(double.NaN), InlineData(double.PositiveInfinity), InlineData(0.0), InlineData(1e300)]
    public void Numbers_that_are_none_break_nothing(double value)
    {
        XDocument page = Parse(Report with
        {
            Results = [.. Report.Results.Select(r => r with
            {
                Answer = r.Answer with
                {
                    LogProbabilities = [.. r.Answer.LogProbabilities.Select(_ => -value)],
                    Divergences = [.. r.Answer.Divergences.Select(_ => value)],
                    Text = null,
                },
            })],
        });
        foreach (string name in new[] { "style", "fill-opacity" })
            Assert.All(page.Descendants().Attributes(name), a => Assert.DoesNotMatch("NaN|∞|Infinity", a.Value));
    }

    [Fact]
    public void A_page_of_one_switch_has_one_section_of_them() =>
        Assert.Equal(["whole", "layers"], Parse(Report with { Results = [.. Report.Results.Where(r => r.Switch.Name == "layer.1")] })
            .Descendants(Html + "section").Select(s => s.Attribute("id")!.Value));

    private static AblationReport Create()
    {
        using var backend = new CpuBackend();
        using VisionLanguageModel model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);
        var request = new GenerationRequest { Images = [Image("car-key.png")], Prompt = "answer en what is below the car?" };
        return Ablator.Run(model, request, new AblationOptions { Layers = true, Heads = true, OtherImage = Image("cake.png") });
    }

    private static RgbImage Image(string name) => ImageFile.Load(Path.Combine(GoldenFiles.Root, "demo", "samples", name));

    private static XDocument Parse(AblationReport report)
    {
        using var stream = new MemoryStream();
        AblationPage.Write(report, stream);
        return XDocument.Parse(Encoding.UTF8.GetString(stream.ToArray()));
    }
}
