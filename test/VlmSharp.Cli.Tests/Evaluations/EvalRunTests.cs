using System.Text.Json;
using VlmSharp.Cli.Tests.Batch;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests.Evaluations;

/// <summary><c>vlmsharp eval</c> with the demo model on its own cases.</summary>
public sealed class EvalRunTests : IDisposable
{
    private static readonly string[] Results = ["scores.json", "predictions.json", "records.jsonl"];
    private readonly DemoBenchmarks demo = new();

    public void Dispose() => demo.Dispose();

    [Theory]
    [InlineData("coco-caption", "--annotations captions.json", "caption --references captions.json", "bleu_1 bleu_4 rouge_l cider")]
    [InlineData(
        "vqav2",
        "--questions questions.json --annotations annotations.json",
        "vqa --references annotations.json --questions questions.json",
        "overall")]
    [InlineData("docvqa", "--annotations document.json --prefix PREFIX", "vqa --metric anls --references document.json", "overall")]
    [InlineData(
        "pope",
        "--annotations pope.json",
        "vqa --metric pope --references pope.json",
        "overall precision recall f1 yes_share valid_percent")]
    [InlineData(
        "coco-detect", "--annotations instances.json --categories present", "detect --references instances.json",
        "ap ap_50 ap_75 ap_small ap_medium ap_large ar_1 ar_100")]
    public async Task Scores_equal_those_of_eval_score_on_the_predictions(string benchmark, string files, string score, string keys)
    {
        JsonElement scores = await Evaluate("run", [benchmark, .. Files(files)]);
        Run.Outcome again =
            await Run.Vlmsharp("", ["eval", "score", .. Files(score), "--predictions", demo.At("run/predictions.json"), "--json"]);
        Assert.Equal((0, ""), (again.Code, again.Error));
        using JsonDocument expected = JsonDocument.Parse(again.Output);
        foreach (string key in keys.Split(' '))
            Assert.Equal(
                expected.RootElement.GetProperty(key).GetDouble(), scores.GetProperty("scores").GetProperty(key).GetDouble(), 1e-12);
        string main = keys.Split(' ')[0];
        double[] interval = [.. scores.GetProperty("intervals").GetProperty(main).EnumerateArray().Select(end => end.GetDouble())];
        Assert.InRange(scores.GetProperty("scores").GetProperty(main).GetDouble(), interval[0], interval[1]);
        Assert.NotEqual(0, interval[1]);
        Assert.Equal(scores.GetProperty("items").GetInt32(), (await File.ReadAllLinesAsync(demo.At("run/records.jsonl"))).Length);
    }

    [Fact]
    public async Task Groups_equal_those_of_eval_score()
    {
        JsonElement scores = await Evaluate("run", ["vqav2", .. Files("--questions questions.json --annotations annotations.json")]);
        Run.Outcome again = await Run.Vlmsharp("", [
            "eval", "score", "vqa", .. Files("--references annotations.json"), "--predictions", demo.At("run/predictions.json"), "--json"
        ]);
        using JsonDocument expected = JsonDocument.Parse(again.Output);
        foreach (JsonProperty type in expected.RootElement.GetProperty("answer_type").EnumerateObject())
            Assert.Equal(
                type.Value.GetDouble(),
                scores.GetProperty("groups").GetProperty("answer_type").GetProperty(type.Name).GetProperty("score").GetDouble());
    }

    /// <summary>Locations are shares of the picture and COCO uses pixels, but both describe the same boxes.</summary>
    [Fact]
    public async Task Private_data_are_scored_by_exact_match_and_boxes()
    {
        JsonElement scores = await Evaluate("run", [demo.At("data.jsonl")]);
        string[] records = await File.ReadAllLinesAsync(demo.At("run/records.jsonl"));
        JsonElement[] texts =
        [
            .. records.Select(line => JsonDocument.Parse(line).RootElement)
                .Where(o => !o.GetProperty("prompt").GetString()!.StartsWith("detect", StringComparison.Ordinal))
        ];
        Assert.InRange(texts.Length, 1, records.Length - 1);
        double right =
            texts.Average(o => o.GetProperty("prediction").GetString() == o.GetProperty("references")[0].GetString() ? 100.0 : 0);
        Assert.Equal(right, scores.GetProperty("scores").GetProperty("exact_match").GetDouble(), 0.005);
        Assert.InRange(scores.GetProperty("scores").GetProperty("ap_50").GetDouble(), 0.5, 1);
        Assert.False(File.Exists(demo.At("run/predictions.json"))); // there is no official format
    }

    [Fact]
    public async Task Expressions_have_one_box_each()
    {
        JsonElement scores = (await Evaluate("run", ["refcoco", .. Files("--annotations refcoco.jsonl")])).GetProperty("scores");
        double at50 = scores.GetProperty("box_accuracy_50").GetDouble(), at75 = scores.GetProperty("box_accuracy_75").GetDouble();
        Assert.InRange(at50, 60, 100);
        Assert.InRange(at75, 1, at50);
        JsonElement[] records =
            [.. (await File.ReadAllLinesAsync(demo.At("run/records.jsonl"))).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(
            records.Average(o => o.GetProperty("scores").GetProperty("iou").GetDouble()) * 100,
            scores.GetProperty("box_mean_iou").GetDouble(),
            0.005);
    }

    [Fact]
    public async Task Shards_give_the_bytes_of_one_process()
    {
        string[] what = ["vqav2", .. Files("--questions questions.json --annotations annotations.json")];
        await Evaluate("whole", what);
        foreach (string shard in (string[])["2", "0"])
        {
            Run.Outcome part = await Run.Vlmsharp("", [
                "eval", .. what, "--images", demo.Pictures, "--out", demo.At("parts"), "-q", "--shards", "3", "--shard", shard,
                "--batch-size", "5"
            ]);
            Assert.Equal((0, ""), (part.Code, part.Output));
            Assert.Contains("of 3 shards are done", part.Error, StringComparison.Ordinal);
            Assert.False(File.Exists(demo.At("parts/scores.json")));
        }

        await Evaluate("parts", [.. what, "--shards", "3", "--shard", "1"]);
        foreach (string name in Results)
            Assert.Equal(await File.ReadAllBytesAsync(demo.At($"whole/{name}")), await File.ReadAllBytesAsync(demo.At($"parts/{name}")));
    }

    [Fact]
    public async Task A_killed_run_resumes_to_the_same_bytes()
    {
        if (OperatingSystem.IsWindows()) return; // a FIFO holds the run, and Windows has none
        string[] what = ["coco-caption", .. Files("--annotations captions.json")];
        await Evaluate("whole", what);
        string[] pictures = [.. Directory.GetFiles(demo.Pictures).Order(StringComparer.Ordinal)];
        foreach (int hold in (int[])[9, 25])
            KilledRun.At(pictures[hold], demo.At("killed"), [
                "eval", .. what, "--images", demo.Pictures, "--out", demo.At("killed"), "-q", "--batch-size", "2"
            ]);
        await Evaluate("killed", what);
        foreach (string name in (string[])[.. Results, "shard-00000-of-00001.jsonl"])
            Assert.Equal(await File.ReadAllBytesAsync(demo.At($"whole/{name}")), await File.ReadAllBytesAsync(demo.At($"killed/{name}")));
        using JsonDocument latency = JsonDocument.Parse(await File.ReadAllTextAsync(demo.At("killed/latency.json")));
        Assert.InRange(latency.RootElement.GetProperty("answers").GetInt32(), 38, 40); // a record may be written without its time
        Assert.NotEqual(0, latency.RootElement.GetProperty("peak_bytes").GetInt64());
    }

    [Fact]
    public async Task A_picture_that_cannot_be_read_counts_as_no_answer()
    {
        string[] what = ["vqav2", .. Files("--questions questions.json --annotations annotations.json"), "--limit", "8"];
        double before = (await Evaluate("good", what)).GetProperty("scores").GetProperty("overall").GetDouble();
        await File.WriteAllTextAsync(Directory.GetFiles(demo.Pictures).Order(StringComparer.Ordinal).First(), "no picture");
        JsonElement scores = await Evaluate("bad", what);
        int errors = scores.GetProperty("errors").GetInt32();
        Assert.InRange(errors, 1, 7);
        Assert.Equal(8, scores.GetProperty("items").GetInt32());
        Assert.InRange(scores.GetProperty("scores").GetProperty("overall").GetDouble(), 0, before - 1);
        Assert.Contains("\"answer\":\"\"", await File.ReadAllTextAsync(demo.At("bad/predictions.json")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_runs_are_compared_item_by_item()
    {
        string[] what = ["coco-caption", .. Files("--annotations captions.json")];
        await Evaluate("a", what);
        await Evaluate("b", [.. what, "--max-new-tokens", "4"]);
        Run.Outcome run =
            await Run.Vlmsharp("", "eval", "compare", demo.At("a"), demo.At("b"), "--json", "--html", demo.At("compare.html"));
        Assert.Equal((0, ""), (run.Code, run.Error));
        using JsonDocument json = JsonDocument.Parse(run.Output), a = Scores("a"), b = Scores("b");
        foreach (string key in (string[])["bleu_1", "bleu_4", "rouge_l", "cider"])
        {
            JsonElement score = json.RootElement.GetProperty("scores").GetProperty(key);
            double first = a.RootElement.GetProperty("scores").GetProperty(key).GetDouble(),
                second = b.RootElement.GetProperty("scores").GetProperty(key).GetDouble();
            Assert.Equal((first, second), (score.GetProperty("first").GetDouble(), score.GetProperty("second").GetDouble()));
            Assert.Equal(second - first, score.GetProperty("difference").GetDouble(), 1e-12);
            Assert.InRange(score.GetProperty("interval")[1].GetDouble(), -10, 0); // four tokens never score more than the whole caption
        }

        JsonElement[] changed = [.. json.RootElement.GetProperty("changed").EnumerateArray()];
        Assert.NotEmpty(changed);
        double[] gains = [.. changed.Select(c => c.GetProperty("score_second").GetDouble() - c.GetProperty("score_first").GetDouble())];
        Assert.Equal(gains.Order(), gains);
        Assert.Contains(
            changed[0].GetProperty("first").GetString()!, await File.ReadAllTextAsync(demo.At("compare.html")), StringComparison.Ordinal);

        Run.Outcome same = await Run.Vlmsharp("", "eval", "compare", demo.At("a"), demo.At("a/records.jsonl"));
        Assert.Equal(0, same.Code);
        Assert.Contains("0 answers changed", same.Output, StringComparison.Ordinal);
    }

    /// <summary>The random numbers of a variant depend on the item, not on the shard.</summary>
    [Fact]
    public async Task Variants_are_scored_together_with_the_original_items()
    {
        string[] what = ["vqav2", .. Files("--questions questions.json --annotations annotations.json"), "--limit", "9", "--robustness"];
        JsonElement scores = await Evaluate("whole", what);
        JsonElement[] variants = [.. scores.GetProperty("robustness").EnumerateArray()];
        Assert.Equal(19, variants.Length);
        Assert.Equal(9, scores.GetProperty("items").GetInt32());
        double[] all = [.. variants.Select(v => v.GetProperty("scores").GetProperty("overall").GetDouble())];
        Assert.NotEmpty(all.Distinct().Skip(1)); // the variants have an effect
        Assert.Contains("<polyline", await File.ReadAllTextAsync(demo.At("whole/report.html")), StringComparison.Ordinal);
        await Run.Vlmsharp(
            "", ["eval", .. what, "--images", demo.Pictures, "--out", demo.At("parts"), "-q", "--shards", "2", "--shard", "0"]);
        await Evaluate("parts", [.. what, "--shards", "2", "--shard", "1"]);
        foreach (string name in Results)
            Assert.Equal(await File.ReadAllBytesAsync(demo.At($"whole/{name}")), await File.ReadAllBytesAsync(demo.At($"parts/{name}")));

        JsonElement boxes = await Evaluate(
            "boxes", ["coco-detect", .. Files("--annotations instances.json --categories present"), "--limit", "4", "--robustness"]);
        Assert.Equal(
            ["blur", "JPEG", "noise"],
            boxes.GetProperty("robustness").EnumerateArray().Select(v => v.GetProperty("variant").GetString()).Distinct());
    }

    [ToolFact("chromium")]
    public async Task The_report_opens_in_a_browser()
    {
        await Evaluate("run", ["coco-detect", .. Files("--annotations instances.json --categories present")]);
        (int code, string dom, _) = await Tool.RunAsync(
            "chromium", ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", new Uri(demo.At("run/report.html")).AbsoluteUri]);
        Assert.Equal(0, code);
        foreach (string part in (string[])[
            "COCO detection: demo", "PaliGemma 2 3B, 448 px", "0.3850", "The worst answers", "data:image/png;base64,", "class=\"truth\""
        ])
            Assert.Contains(part, dom, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", dom, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("src=\"http", dom, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(2, "--out is missing", "coco-caption")]
    [InlineData(65, "vqav2 needs --annotations FILE", "vqav2", "--out", "OUT")]
    [InlineData(65, "vqav2 needs --annotations FILE beside --questions", "vqav2", "--questions", "questions.json", "--out", "OUT")]
    [InlineData(65, "holds coco-instances, not captions of COCO", "coco-caption", "--annotations", "instances.json", "--out", "OUT")]
    [InlineData(65, "holds coco-captions, not instances of COCO", "coco-detect", "--annotations", "captions.json", "--out", "OUT")]
    [InlineData(65, "give their folder by --images DIR", "coco-caption", "--annotations", "captions.json", "--out", "OUT")]
    [InlineData(
        65, "give the file of the questions", "vqav2", "--questions", "annotations.json", "--annotations", "annotations.json", "--out",
        "OUT")]
    [InlineData(65, "it has no \"bbox\"", "refcoco", "--annotations", "questions.json", "--out", "OUT")]
    [InlineData(4, "Did you mean docvqa?", "docvqq", "--out", "OUT")]
    [InlineData(4, "gone.json does not exist: give another --annotations", "pope", "--annotations", "gone.json", "--out", "OUT")]
    [InlineData(2, "--categories is for coco-detect", "pope", "--annotations", "pope.json", "--categories", "each", "--out", "OUT")]
    [InlineData(2, "--limit 0: give at least 1", "pope", "--annotations", "pope.json", "--limit", "0", "--out", "OUT")]
    [InlineData(2, "--worst 501", "pope", "--annotations", "pope.json", "--worst", "501", "--out", "OUT")]
    [InlineData(4, "run 'vlmsharp eval' there to its end", "compare", "pictures", "pictures")]
    [InlineData(65, "data.jsonl:1: it has no \"benchmark\"", "compare", "data.jsonl", "data.jsonl")]
    public async Task Errors_have_their_codes(int code, string message, params string[] args)
    {
        Run.Outcome run = await Run.Vlmsharp("", [
            "eval", .. args.Select(arg => arg == "OUT" ? demo.At("out") : Path.Exists(demo.At(arg)) && arg.Length > 0 ? demo.At(arg) : arg)
        ]);
        Assert.Equal((code, ""), (run.Code, run.Output));
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_holds_one_run()
    {
        string[] what = ["pope", .. Files("--annotations pope.json"), "--limit", "4"];
        await Evaluate("run", what);
        await Evaluate("run", what); // all answers are there and are scored again
        Run.Outcome other = await Run.Vlmsharp(
            "", ["eval", .. what, "--images", demo.Pictures, "--out", demo.At("run"), "-q", "--prefix", "answer de {question}"]);
        Assert.Equal(2, other.Code);
        Assert.Contains("there work is", other.Error, StringComparison.Ordinal);
        JsonElement scores = await Evaluate("run", [.. what, "--prefix", "answer de {question}", "--force"]);
        Assert.Equal(4, scores.GetProperty("items").GetInt32());
    }

    [Theory, InlineData("eval", "vlmsharp eval vqav2 --questions"),
        InlineData("eval compare", "vlmsharp eval compare run-before run-after")]
    public async Task Help_has_examples(string command, string example)
    {
        Run.Outcome run = await Run.Vlmsharp("", [.. command.Split(' '), "--help"]);
        Assert.Equal(0, run.Code);
        Assert.Contains(example, run.Output, StringComparison.Ordinal);
    }

    private string[] Files(string words) =>
        [.. words.Split(' ').Select(word => word == "PREFIX" ? "answer en {question}" : File.Exists(demo.At(word)) ? demo.At(word) : word)];

    private JsonDocument Scores(string folder) => JsonDocument.Parse(File.ReadAllBytes(demo.At($"{folder}/scores.json")));

    /// <summary>Runs an evaluation to its end.</summary>
    /// <returns>Its scores, which must be the same on standard output and in the file.</returns>
    private async Task<JsonElement> Evaluate(string folder, string[] what)
    {
        string[] images = what[0].EndsWith("data.jsonl", StringComparison.Ordinal) ? [] : ["--images", demo.Pictures];
        Run.Outcome run = await Run.Vlmsharp("", ["eval", .. what, .. images, "--out", demo.At(folder), "-q", "--json"]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        JsonElement printed = JsonDocument.Parse(run.Output).RootElement;
        using JsonDocument saved = Scores(folder);
        Assert.Equal(saved.RootElement.GetProperty("scores").ToString(), printed.GetProperty("scores").ToString());
        return printed;
    }
}
