using System.Text;
using System.Text.Json;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests;

/// <summary><c>vlmsharp eval score caption</c> and <c>vqa</c>: the contract of files in and one JSON object out.</summary>
public sealed class EvalScoreTextTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>The golden captions through the command, in COCO's files, with ids once as numbers and once as texts.</summary>
    [Theory, InlineData(false), InlineData(true)]
    public async Task Captions_have_the_scores_of_the_reference(bool idsAreTexts)
    {
        using JsonDocument golden = JsonDocument.Parse(await File.ReadAllBytesAsync(GoldenFiles.PathOf("metrics", "captions.json")));
        JsonElement root = golden.RootElement;
        string predictions = Write("p.json", Json(o =>
        {
            o.WriteStartArray();
            foreach (JsonProperty caption in root.GetProperty("hyps").EnumerateObject())
                WriteCaption(o, caption.Name, caption.Value.GetString()!);
            o.WriteEndArray();
        }));
        string references = Write("r.json", Json(o =>
        {
            o.WriteStartObject();
            o.WriteStartArray("annotations");
            foreach (JsonProperty image in root.GetProperty("refs").EnumerateObject())
                foreach (JsonElement caption in image.Value.EnumerateArray()) WriteCaption(o, image.Name, caption.GetString()!);
            o.WriteEndArray();
            o.WriteEndObject();
        }));
        Run.Outcome run = await Run.Vlmsharp(
            "", "eval", "score", "caption", "--predictions", predictions, "--references", references, "--json", "--records",
            folder.At("x.jsonl"), "--intervals");
        Assert.Equal((0, ""), (run.Code, run.Error));
        using JsonDocument json = JsonDocument.Parse(run.Output);
        for (int k = 1; k <= 4; k++)
            Assert.Equal(root.GetProperty("bleu1_4")[k - 1].GetDouble(), json.RootElement.GetProperty($"bleu_{k}").GetDouble(), 1e-9);
        Assert.Equal(root.GetProperty("rougeL").GetDouble(), json.RootElement.GetProperty("rouge_l").GetDouble(), 1e-9);
        Assert.Equal(root.GetProperty("cider").GetDouble(), json.RootElement.GetProperty("cider").GetDouble(), 1e-9);
        JsonElement interval = json.RootElement.GetProperty("intervals").GetProperty("cider");
        Assert.InRange(root.GetProperty("cider").GetDouble(), interval[0].GetDouble(), interval[1].GetDouble());

        string[] records = await File.ReadAllLinesAsync(folder.At("x.jsonl"));
        Assert.Equal(6, records.Length);
        using JsonDocument record = JsonDocument.Parse(records[1]);
        Assert.Equal("20", record.RootElement.GetProperty("image_id").GetString());
        Assert.Equal("a man and a woman riding bikes -lrb- on a street -rrb-", record.RootElement.GetProperty("words").GetString());
        Assert.Equal(root.GetProperty("cider_per_image")[1].GetDouble(), record.RootElement.GetProperty("cider").GetDouble(), 1e-9);

        void WriteCaption(Utf8JsonWriter o, string id, string caption)
        {
            o.WriteStartObject();
            if (idsAreTexts) o.WriteString("image_id", id);
            else o.WriteNumber("image_id", int.Parse(id));
            o.WriteString("caption", caption);
            o.WriteEndObject();
        }
    }

    [Fact]
    public async Task A_table_shows_the_scores()
    {
        (string predictions, string references) = Captions();
        Run.Outcome run =
            await Run.Vlmsharp("", "eval", "score", "caption", "--predictions", predictions, "--references", references, "--intervals");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Equal("2 pictures", run.Lines[0]);
        Assert.Contains(run.Lines, line => Cells(line) is ["BLEU-1", "0.8000", _]);
        Assert.Contains(run.Lines, line => Cells(line) is ["CIDEr-D", "4.4877", _]);
    }

    [Fact]
    public async Task Weights_of_words_come_from_another_corpus()
    {
        (string predictions, string references) = Captions();
        string one = Write("one.json", """[{"image_id": 1, "caption": "the cat is on the mat"}]""");
        string[] score = ["eval", "score", "caption", "--json", "--predictions", one, "--references", references, "--allow-partial"];
        Run.Outcome alone = await Run.Vlmsharp("", score), inCorpus = await Run.Vlmsharp("", [.. score, "--cider-df", references]);
        Assert.Contains("left out: 1 picture without a prediction", alone.Error, StringComparison.Ordinal);
        Assert.Equal(0, Member(alone, "cider"));
        Assert.Equal(3.083652692876393, Member(inCorpus, "cider"), 1e-9); // the same as in the whole corpus
        Run.Outcome whole = await Run.Vlmsharp(
            "", "eval", "score", "caption", "--json", "--predictions", predictions, "--references", references, "--write-cider-df",
            folder.At("df.json"));
        Assert.Equal(0, whole.Code);
        Assert.Equal(Member(inCorpus, "cider"), Member(await Run.Vlmsharp("", [.. score, "--cider-df", folder.At("df.json")]), "cider"));
    }

    [Theory]
    [InlineData("ptb", 1), InlineData("whitespace", 0.5), InlineData("none", 0.5)]
    public async Task Words_are_found_as_asked(string tokenizer, double bleu)
    {
        string predictions = Write("p.json", """[{"image_id": 1, "caption": "A cat."}]"""),
            references = Write("r.json", """[{"image_id": 1, "caption": "A cat"}]""");
        Run.Outcome run = await Run.Vlmsharp(
            "", "eval", "score", "caption", "--predictions", predictions, "--references", references, "--json", "--tokenizer", tokenizer);
        Assert.Equal(bleu, Member(run, "bleu_1"), 1e-8);
    }

    [Fact]
    public async Task Answers_have_their_scores_by_type()
    {
        string answers = Write(
            "p.json",
            """[{"question_id": 1, "answer": "Yes."}, {"question_id": 2, "answer": "two"}, {"question_id": 3, "answer": "cat"}]""");
        string annotations = Write("r.json", $$"""
            {"annotations": [
              {"question_id": 1, "question_type": "is the", "answer_type": "yes/no", "answers": [{{People("yes", 4, "no", 6)}}]},
              {"question_id": 2, "question_type": "how many", "answer_type": "number", "answers": [{{People("2", 2, "3", 8)}}]},
              {"question_id": 3, "question_type": "is the", "answer_type": "other", "answers": [{{People("cat", 1, "dog", 9)}}]}]}
            """);
        string questions = Write(
            "q.json",
            """{"questions": [{"question_id": 1, "question": "is the sky blue?"}, {"question_id": 2, "question": "how many?"},"""
                + """ {"question_id": 3, "question": "is the?"}]}""");
        string[] score = ["eval", "score", "vqa", "--predictions", answers, "--references", annotations, "--questions", questions];
        Run.Outcome run = await Run.Vlmsharp("", [.. score, "--json", "--records", folder.At("x.jsonl")]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Equal(
            """{"questions":3,"overall":63.33,"answer_type":{"number":60,"other":30,"yes/no":100},"question_type":{"how many":60,"is"""
                + """ the":65}}"""
                + "\n",
            run.Output);
        Assert.Equal(
            """{"question_id":"2","question":"how many?","answer":"two","references":"""
                + """["2","2","3","3","3","3","3","3","3","3"],"answer_type":"number","question_type":"how many","score":0.6}""",
            Rounded((await File.ReadAllLinesAsync(folder.At("x.jsonl")))[1]));

        run = await Run.Vlmsharp("", score);
        Assert.Contains(run.Lines, line => Cells(line) is ["all", "3", "63.33", ""]);
        Assert.Contains(run.Lines, line => Cells(line) is ["question: is the", "2", "65.00", ""]);
    }

    [Theory]
    [InlineData("okvqa", "66.67", ",\"any_match\":100")]
    [InlineData("anls", "100", "")]
    [InlineData("relaxed", "100", "")]
    [InlineData("exact", "100", "")]
    [InlineData("tallyqa", "100", "")]
    [InlineData("pope", "0", ",\"accuracy\":0,\"precision\":0,\"recall\":0,\"f1\":0,\"yes_share\":0,\"valid_percent\":0")]
    public async Task Other_benchmarks_have_their_metrics(string metric, string overall, string rest)
    {
        string answers = Write("p.json", """[{"question_id": "q", "answer": "5"}]"""),
            references = Write("r.json", """[{"question_id": "q", "answers": ["5", "5", "7"]}]""");
        Run.Outcome run = await Run.Vlmsharp(
            "", "eval", "score", "vqa", "--metric", metric, "--predictions", answers, "--references", references, "--json");
        Assert.Equal(
            (0, $$"""{"questions":1,"overall":{{overall}},"answer_type":{},"question_type":{}{{rest}}}""" + "\n"), (run.Code, run.Output));
    }

    /// <summary>The two kinds of questions of ChartQA count equally, however many each has.</summary>
    [Fact]
    public async Task Relaxed_accuracy_has_a_mean_over_kinds_of_questions()
    {
        string answers = Write(
            "p.json", """[{"question_id": 1, "answer": "5"}, {"question_id": 2, "answer": "5"}, {"question_id": 3, "answer": "9"}]""");
        string references = Write(
            "r.json",
            """[{"question_id": 1, "answer": "5.1", "question_type": "human"}, {"question_id": 2, "answer": "5","""
                + """ "question_type": "human"}, {"question_id": 3, "answer": "5", "question_type": "augmented"}]""");
        Run.Outcome run =
            await Run.Vlmsharp(
                "", "eval", "score", "vqa", "--metric", "relaxed", "--predictions", answers, "--references", references, "--json",
                "--intervals");
        Assert.Equal((66.67, 50), (Member(run, "overall"), Member(run, "question_type_mean")));
        using JsonDocument json = JsonDocument.Parse(run.Output);
        Assert.Equal(
            [0, 100], json.RootElement.GetProperty("intervals").GetProperty("overall").EnumerateArray().Select(end => end.GetDouble()));
    }

    [Theory]
    [InlineData(65, "1 picture without a prediction in", "caption", "--predictions", "ONE", "--references", "REFERENCES")]
    [InlineData(65, "(2)", "caption", "--predictions", "ONE", "--references", "REFERENCES")]
    [InlineData(65, "1 picture predicted that", "caption", "--predictions", "PREDICTIONS", "--references", "ONE")]
    [InlineData(65, "with more than one prediction", "caption", "--predictions", "TWICE", "--references", "ONE")]
    [InlineData(65, "is not a JSON list", "caption", "--predictions", "OBJECT", "--references", "REFERENCES")]
    [InlineData(65, "it has no \"question_id\"", "vqa", "--predictions", "PREDICTIONS", "--references", "REFERENCES")]
    [InlineData(4, "gone.json does not exist", "caption", "--predictions", "gone.json", "--references", "REFERENCES")]
    [InlineData(4, "gone.json does not exist", "caption", "--predictions", "PREDICTIONS", "--references", "gone.json")]
    [InlineData(2, "--seed is for --intervals", "caption", "--predictions", "PREDICTIONS", "--references", "REFERENCES", "--seed", "1")]
    [InlineData(4, "is a folder: give a file's name for --predictions", "caption", "--predictions", "/", "--references", "REFERENCES")]
    [InlineData(
        4, "gone.json does not exist: give another --cider-df", "caption", "--predictions", "PREDICTIONS", "--references", "REFERENCES",
        "--cider-df", "gone.json")]
    [InlineData(
        4, "does not exist: create it", "caption", "--predictions", "PREDICTIONS", "--references", "REFERENCES", "--records",
        "no-such-folder/x.jsonl")]
    [InlineData(2, "'bert' not recognized", "caption", "--predictions", "PREDICTIONS", "--references", "REFERENCES", "--tokenizer", "bert")]
    [InlineData(2, "'best' not recognized", "vqa", "--predictions", "PREDICTIONS", "--references", "REFERENCES", "--metric", "best")]
    [InlineData(2, "'--references' is required", "vqa", "--predictions", "PREDICTIONS")]
    public async Task Errors_have_their_codes(int code, string message, string what, params string[] args)
    {
        (string predictions, string references) = Captions();
        Run.Outcome run = await Run.Vlmsharp("", ["eval", "score", what, .. args.Select(arg => arg switch
        {
            "PREDICTIONS" => predictions,
            "REFERENCES" => references,
            "ONE" => Write("one.json", """[{"image_id": 1, "caption": "a"}]"""),
            "TWICE" => Write("twice.json", """[{"image_id": 1, "caption": "a"}, {"image_id": "1", "caption": "b"}]"""),
            "OBJECT" => Write("object.json", "{}"),
            _ => arg,
        })]);
        Assert.Equal((code, ""), (run.Code, run.Output));
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Theory, InlineData("caption"), InlineData("vqa")]
    public async Task Help_has_examples(string what)
    {
        Run.Outcome run = await Run.Vlmsharp("", "eval", "score", what, "--help");
        Assert.Equal(0, run.Code);
        Assert.Contains($"  vlmsharp eval score {what} --predictions results.json", run.Output, StringComparison.Ordinal);
    }

    private (string Predictions, string References) Captions() => (
        Write("p.json", """[{"image_id": 1, "caption": "the cat is on the mat"}, {"image_id": 2, "caption": "two dogs play outside"}]"""),
        Write(
            "r.json",
            """{"annotations": [{"image_id": 1, "caption": "a cat sat on the mat"}, {"image_id": 1,"""
                + """ "caption": "there is a cat on the mat"}, {"image_id": 2, "caption": "two dogs play"}]}"""));

    private static double Member(Run.Outcome run, string name)
    {
        Assert.Equal(0, run.Code);
        using JsonDocument json = JsonDocument.Parse(run.Output);
        return json.RootElement.GetProperty(name).GetDouble();
    }

    private static string People(string answer, int count, string other, int rest) =>
        string.Join(
            ',',
            Enumerable.Repeat(answer, count)
                .Concat(Enumerable.Repeat(other, rest))
                .Select((text, i) => $$"""{"answer": "{{text}}", "answer_id": {{i + 1}}}"""));

    private static string Rounded(string record) => System.Text.RegularExpressions.Regex.Replace(record, @"0\.(?:59999|60000)\d+", "0.6");

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer)) write(json);
        return buffer.ToArray();
    }

    private string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    private string Write(string name, byte[] bytes) => folder.Write(name, bytes);

    private static string[] Cells(string line) => [.. line.Trim('\u2502').Split('\u2502').Select(cell => cell.Trim())];
}
