using System.Text.Json;
using System.Xml.Linq;

namespace VlmSharp.Cli.Tests.LoadTest;

/// <summary><c>vlmsharp bench serve</c>: the command, its tables and its figure.</summary>
public sealed class BenchServeTests
{
    private static string Temporary(string end) => Path.Combine(Path.GetTempPath(), $"vlmsharp-{Guid.NewGuid():N}{end}");

    [Fact]
    public async Task A_sweep_has_an_object_for_each_rate()
    {
        using var fake = new FakeChatServer();
        Run.Outcome run = await Run.Vlmsharp(
            "", "bench", "serve", fake.Url, "--rate", "200,400", "--requests", "20", "--warmup", "0", "--seed", "5", "--deadline", "60",
            "--json");
        Assert.Equal(0, run.Code);
        JsonElement json = JsonElement.Parse(run.Output);
        Assert.Equal(
            ("open", "first", 5),
            (json.GetProperty("mode").GetString(), json.GetProperty("model").GetString(), json.GetProperty("seed").GetInt32()));
        JsonElement[] stages = [.. json.GetProperty("stages").EnumerateArray()];
        Assert.Equal([200.0, 400], stages.Select(s => s.GetProperty("rate").GetDouble()));
        Assert.All(stages, s => Assert.Equal((20, 1.0), (s.GetProperty("answered").GetInt32(), s.GetProperty("good_share").GetDouble())));
        foreach (string times in new[] { "first_token_s", "per_token_s", "whole_s" })
            Assert.All(stages, s =>
                Assert.True(s.GetProperty(times).GetProperty("p50").GetDouble() <= s.GetProperty(times).GetProperty("p99").GetDouble()));
        Assert.Equal(40, fake.Requests.Length);
        // Each stage sends the same requests, with the questions of the demo's samples.
        string[] prompts = [.. fake.Requests.Select(r => r.Prompt)];
        Assert.Equal(prompts[..20].Order(), prompts[20..].Order());
        Assert.Contains(prompts, p => p.StartsWith("answer en", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_request_has_the_given_options()
    {
        using var fake = new FakeChatServer();
        string key = Temporary(".txt");
        File.WriteAllText(key, "# ours\nsecret-key\n");
        try
        {
            string[] asked =
            [
                "--prompt", "caption \"en\"", "--image", LoadMixTests.Sample("sun.png"), "-n", "9", "--model", "m", "--extra",
                "{\"ignore_eos\": true}"
            ];
            Run.Outcome run = await Run.Vlmsharp("", [
                "bench", "serve", fake.Url + "/v1/", "--clients", "1", "--requests", "1", "--warmup", "0", "--api-key-file", key, .. asked
            ]);
            Assert.Equal(0, run.Code);
            Assert.DoesNotContain("secret", run.Output + run.Error, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(key);
        }

        FakeChatServer.Request request = Assert.Single(fake.Requests);
        JsonElement body = request.Body!.Value;
        Assert.Equal(
            ("/v1/chat/completions", "Bearer secret-key", "caption \"en\""), (request.Path, request.Authorization, request.Prompt));
        Assert.Equal(
            ("m", 9, 0),
            (body.GetProperty("model").GetString(), body.GetProperty("max_tokens").GetInt32(), body.GetProperty("temperature").GetInt32()));
        Assert.True(
            body.GetProperty("stream").GetBoolean()
                && body.GetProperty("stream_options").GetProperty("include_usage").GetBoolean()
                && body.GetProperty("ignore_eos").GetBoolean());
        string uri = body.GetProperty("messages")[0].GetProperty("content")[0].GetProperty("image_url").GetProperty("url").GetString()!;
        Assert.StartsWith("data:image/png;base64,", uri, StringComparison.Ordinal);
        Assert.Equal(
            File.ReadAllBytes(LoadMixTests.Sample("sun.png")),
            Convert.FromBase64String(uri[(uri.IndexOf(',', StringComparison.Ordinal) + 1)..]));
    }

    [Fact]
    public async Task Text_alone_goes_to_models_without_pictures()
    {
        using var fake = new FakeChatServer();
        Run.Outcome run = await Run.Vlmsharp(
            "", "bench", "serve", fake.Url, "--clients", "1", "--requests", "3", "--warmup", "0", "--text-only", "--prompt", "a tale");
        Assert.Equal(0, run.Code);
        Assert.Equal(3, fake.Requests.Length);
        Assert.All(fake.Requests, request =>
            Assert.Equal(
                """[{"type":"text","text":"a tale"}]""",
                request.Body!.Value.GetProperty("messages")[0].GetProperty("content").GetRawText()));
    }

    [Fact]
    public async Task People_get_a_table_with_the_errors_below()
    {
        using var fake = new FakeChatServer();
        string prompts = Temporary(".jsonl");
        File.WriteAllText(prompts, "{\"prompt\": \"busy\"}\n{\"prompt\": \"what?\"}\n");
        try
        {
            Run.Outcome run = await Run.Vlmsharp(
                "", "bench", "serve", fake.Url, "--rate", "500", "--requests", "40", "--warmup", "0", "--prompts", prompts,
                "--deadline-ttft", "60");
            Assert.Equal(0, run.Code);
            Assert.Contains("in time", run.Output, StringComparison.Ordinal);
            string error = Assert.Single(run.Lines, l => l.Contains("429 rate_limit_error", StringComparison.Ordinal));
            Assert.StartsWith("500/s: ", error, StringComparison.Ordinal);
            Assert.EndsWith("Retry-After p50 3 s, at most 3 s", error, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(prompts);
        }
    }

    [Theory]
    [InlineData("--rate", "100,200,400", 9)]
    [InlineData("--rate", "300", 8)]
    [InlineData("--clients", "1,2", 9)]
    public async Task The_figure_is_svg_with_its_curves(string mode, string levels, int curves)
    {
        using var fake = new FakeChatServer();
        string svg = Temporary(".svg"), records = Temporary(".jsonl");
        try
        {
            Run.Outcome run = await Run.Vlmsharp(
                "", "bench", "serve", fake.Url, mode, levels, "--requests", "30", "--warmup", "0", "--deadline", "0.5", "--svg", svg,
                "--records", records);
            Assert.Equal(0, run.Code);
            XElement[] all = [.. XDocument.Load(svg).Descendants()];
            XElement[] lines = [.. all.Where(e => e.Name.LocalName == "polyline")];
            Assert.Equal(curves, lines.Length); // p50, p95 and p99 in two panels; answered, failed and, for a sweep, those in time
            foreach (string name in new[] { "p50", "p95", "p99", "deadline", "failed" })
                Assert.Contains(all, e => e.Name.LocalName == "text" && e.Value == name);
            double[] numbers =
            [
                .. lines.SelectMany(l => l.Attribute("points")!.Value.Split(' ', ','))
                    .Select(n => double.Parse(n, System.Globalization.CultureInfo.InvariantCulture))
            ];
            Assert.All(numbers, n => Assert.InRange(n, 0, 860));
            JsonElement[] written = [.. File.ReadLines(records).Select(line => JsonElement.Parse(line))];
            Assert.Equal(30 * levels.Split(',').Length, written.Length);
            Assert.All(written, o =>
                Assert.Equal(("answered", "a cat and a dog"), (o.GetProperty("end").GetString(), o.GetProperty("text").GetString())));
        }
        finally
        {
            File.Delete(svg);
            File.Delete(records);
        }
    }

    [Theory]
    [InlineData("300,500", "vlmsharp: --rate 300,500 is two rates, one after another: 300/s and 500/s; a number with decimals has a "
        + "point: 300.500.\n")]
    [InlineData("300,400,500", "")]
    [InlineData("300.5,500", "")]
    [InlineData("300.5", "")]
    public async Task Two_rates_that_look_like_a_decimal_comma_are_said_to_be_two(string rates, string note)
    {
        using var fake = new FakeChatServer();
        Run.Outcome run = await Run.Vlmsharp(
            "", "bench", "serve", fake.Url, "--rate", rates, "--requests", "2", "--warmup", "0", "--text-only", "--prompt", "x");
        Assert.Equal((0, note), (run.Code, run.Error));
    }

    [Fact]
    public async Task If_nothing_was_answered_the_exit_code_says_so()
    {
        using var fake = new FakeChatServer();
        Run.Outcome run = await Run.Vlmsharp(
            "", "bench", "serve", fake.Url, "--rate", "500", "--requests", "5", "--warmup", "0", "--prompt", "busy", "--json");
        Assert.Equal(5, run.Code);
        JsonElement error = JsonElement.Parse(run.Output).GetProperty("stages")[0].GetProperty("errors")[0];
        Assert.Equal(
            (429, "rate_limit_error", 5),
            (error.GetProperty("status").GetInt32(), error.GetProperty("type").GetString(), error.GetProperty("count").GetInt32()));
    }

    [Theory]
    [InlineData(2, "--rate", "--rate", "0")]
    [InlineData(2, "--rate 'x'", "--rate", "1,x")]
    [InlineData(2, "--clients", "--clients", "1.5")]
    [InlineData(2, "exclude", "--clients", "1", "--rate", "1")]
    [InlineData(2, "exclude", "--text-only", "--image", "a.png")]
    [InlineData(2, "exclude", "--duration", "1", "--requests", "1")]
    [InlineData(2, "--cancel-share 2", "--cancel-share", "2")]
    [InlineData(2, "2000000", "--rate", "100000", "--duration", "3600")]
    [InlineData(2, "messages", "--extra", "{\"messages\": []}")]
    [InlineData(2, "--extra is no JSON", "--extra", "{")]
    [InlineData(4, "does not exist", "--image", "no-such-picture.png")]
    [InlineData(4, "does not exist", "--prompts", "no-such-file.jsonl")]
    [InlineData(4, "does not answer", "--requests", "1")]
    public async Task A_wrong_command_line_says_what_is_wrong(int code, string part, params string[] options)
    {
        Run.Outcome run = await Run.Vlmsharp("", ["bench", "serve", "http://127.0.0.1:1", .. options]);
        Assert.Equal(code, run.Code);
        Assert.Contains(part, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1:8000")]
    [InlineData("ftp://127.0.0.1")]
    [InlineData("http://user:secret@127.0.0.1")]
    public async Task A_server_is_an_http_address(string url)
    {
        Run.Outcome run = await Run.Vlmsharp("", "bench", "serve", url);
        Assert.Equal(2, run.Code);
        Assert.Contains("give a URL", run.Error, StringComparison.Ordinal);
    }
}
