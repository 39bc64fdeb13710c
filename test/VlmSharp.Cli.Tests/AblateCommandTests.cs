using System.Text.Json;
using System.Xml.Linq;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests;

/// <summary><c>vlmsharp ablate</c>, from the command line to table, JSON and page.</summary>
public sealed class AblateCommandTests : IDisposable
{
    private const string Question = "ask what is below the car?";

    private readonly TemporaryFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory, InlineData("cpu"), InlineData("reference")]
    public async Task A_table_has_the_whole_model_and_every_switch(string backend)
    {
        string[] asked = ["ablate", Sample("car-key.png"), Question, "--other-image", Sample("cake.png"), "--layers"];
        Run.Outcome run = await Run.Vlmsharp("", [.. asked, "--backend", backend]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        IEnumerable<string> lines = run.Lines.Where(line => line.StartsWith('│'));
        string[][] rows = [.. lines.Select(line => line.Trim('│').Split('│', StringSplitOptions.TrimEntries))];
        Assert.Equal(["switch", "what", "answer", "ln q", "KL"], rows[0]);
        Assert.Equal(["", "the whole model", "a key"], rows[1][..3]);
        Assert.Equal(
            ["causal", "no-picture", "other-picture", "no-positions", "open-gate", "no-embedding-scale", "layer.0", "layer.1", "layer.2"],
            rows[2..].Select(r => r[0]));
        Assert.Equal("a cake", rows.Single(r => r[0] == "other-picture")[2]);
        Assert.Equal("the same", rows.Single(r => r[0] == "causal")[2]);
    }

    [Fact]
    public async Task Json_has_the_numbers_of_each_token()
    {
        string[] only = ["--only", "no-picture", "--only", "head.2.3"];
        Run.Outcome run = await Run.Vlmsharp("", ["ablate", Sample("car-key.png"), Question, .. only, "--json"]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        using JsonDocument json = JsonDocument.Parse(run.Output);
        JsonElement whole = json.RootElement.GetProperty("whole");
        Assert.Equal("a key", whole.GetProperty("text").GetString());
        Assert.Equal("answer en what is below the car?", json.RootElement.GetProperty("prompt").GetString());
        JsonElement[] switches = [.. json.RootElement.GetProperty("switches").EnumerateArray()];
        Assert.Equal(["no-picture", "head.2.3"], switches.Select(s => s.GetProperty("name").GetString()));
        Assert.Equal((2, 3), (switches[1].GetProperty("layer").GetInt32(), switches[1].GetProperty("head").GetInt32()));
        foreach (JsonElement each in switches.Prepend(whole))
        {
            double[] logs = [.. each.GetProperty("logprobs").EnumerateArray().Select(p => p.GetDouble())];
            double[] moved = [.. each.GetProperty("kls").EnumerateArray().Select(p => p.GetDouble())];
            Assert.Equal((3, 3), (logs.Length, moved.Length));
            Assert.Equal(logs.Sum(), each.GetProperty("logprob").GetDouble(), 1e-9);
            Assert.Equal(moved.Average(), each.GetProperty("kl").GetDouble(), 1e-9);
        }

        Assert.False(switches[0].GetProperty("same_answer").GetBoolean());
        Assert.True(switches[0].GetProperty("logprob").GetDouble() < whole.GetProperty("logprob").GetDouble() - 1);
    }

    [Fact]
    public async Task A_page_is_written_beside_the_table()
    {
        string template = scratch.At("{name}.html");
        Run.Outcome run = await Run.Vlmsharp("", "ablate", Sample("car-key.png"), Question, "--heads", "--html", template);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("head 3 of layer 2 silenced", run.Output, StringComparison.Ordinal);
        XDocument page = XDocument.Load(scratch.At("car-key.html"), LoadOptions.PreserveWhitespace);
        Assert.Equal("answer en what is below the car? → a key", page.Descendants().Single(e => e.Name.LocalName == "h1").Value);
        Assert.Equal(12, page.Descendants().Count(e => e.Name.LocalName == "rect"));
    }

    [Theory]
    [InlineData(2, "--only 'cau': this model has no such switch; it has causal, no-picture,", "CAKE", "caption", "--only", "cau")]
    [InlineData(2, "--only 'final-softcap': this model has no such switch", "CAKE", "caption", "--only", "final-softcap")]
    [InlineData(2, @"--only 'x\u001b[31m': this model has no such switch", "CAKE", "caption", "--only", "x\u001b[31m")]
    [InlineData(2, "--only other-picture: there is no other picture", "CAKE", "caption", "--only", "other-picture")]
    [InlineData(2, "--max-new-tokens 65: give a number from 1 to 64.", "CAKE", "caption", "-n", "65")]
    [InlineData(2, "--max-new-tokens 0: ", "CAKE", "caption", "-n", "0")]
    [InlineData(2, "--other-image is empty", "CAKE", "caption", "--other-image", "")]
    [InlineData(2, "--html is empty", "CAKE", "caption", "--html", "")]
    [InlineData(2, "nothing to look for", "CAKE", "detect ;")]
    [InlineData(2, "PROMPT is missing: ", "CAKE")]
    [InlineData(2, "what is written is a .html file", "CAKE", "caption", "--html", "CAKE")]
    [InlineData(4, "no-such.png", "no-such.png", "caption")]
    [InlineData(4, "no-such.png", "CAKE", "caption", "--other-image", "no-such.png")]
    [InlineData(4, "does not exist: create it", "CAKE", "caption", "--html", "no-such-folder/x.html")]
    public async Task Errors_are_one_sentence_with_their_exit_code(int code, string says, params string[] args)
    {
        Run.Outcome run = await Run.Vlmsharp("", ["ablate", .. args.Select(a => a == "CAKE" ? Sample("cake.png") : a)]);
        Assert.Equal((code, ""), (run.Code, run.Output));
        Assert.StartsWith("vlmsharp: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_has_examples()
    {
        Run.Outcome run = await Run.Vlmsharp("", "ablate", "--help");
        Assert.Equal(0, run.Code);
        Assert.Contains("Examples:\n  vlmsharp ablate photo.jpg", run.Output, StringComparison.Ordinal);
        Assert.Contains("--other-image <FILE>", run.Output, StringComparison.Ordinal);
    }

    private static string Sample(string name) => Path.Combine(GoldenFiles.Root, "demo", "samples", name);
}
