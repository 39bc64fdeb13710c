using System.Text.Json;
using VlmSharp.Conformance;
using VlmSharp.Evaluation.Boxes;
using VlmSharp.Evaluation.Files;
using VlmSharp.Evaluation.Runs;
using VlmSharp.Training.Data;

namespace VlmSharp.Evaluation.Tests.Runs;

public sealed class RunScoringTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Data_are_scored_task_by_task()
    {
        AnsweredItem[] items =
        [
            Text("1", "answer", "2", "2"), Text("2", "answer", "two", "2"), Text("3", "caption", "a cat", "a dog", "a cat"),
            LocationAnswers.Locate(Boxes(
                "4", "<loc0000><loc0000><loc0511><loc0511> cat", new LabeledBox("cat", new ScoredBox(new CocoBox(0, 0, 50, 50), 0.9)))),
            LocationAnswers.Locate(Boxes("5", "<loc0000><loc0000><loc1023><loc1023> dog")),
        ];
        RunScores scores = RunScoring.Score(Benchmark.File, items);
        IReadOnlyList<Figure> figures = scores.Figures();
        Assert.Equal(66.67, figures.Single(f => f.Key == "exact_match").Value);
        Assert.Equal(0.5, figures.Single(f => f.Key == "ap_50").Value, 1e-9); // the cat is found, the dog is not
        double overlap = 2500 / Math.Pow(511 * 100 / 1023.0, 2);
        Assert.Equal((overlap <= 1 ? overlap : 1 / overlap) / 2, figures.Single(f => f.Key == "mean_iou").Value, 1e-9);
        Assert.All(figures, f => Assert.True(f.Interval is not { } i || (i.Low <= f.Value + 1e-9 && f.Value <= i.High + 1e-9), f.Key));
        Assert.Equal(
            ["answer 2 50", "caption 1 100"],
            scores.Groups.Where(g => !g.Name.Contains("IoU", StringComparison.Ordinal)).Select(g => $"{g.Name} {g.Count} {g.Value}"));
    }

    /// <summary>The answer to an expression is one box. Two boxes or none are invalid.</summary>
    [Fact]
    public void Expressions_are_scored_by_their_box()
    {
        RunScores scores = RunScoring.Score(Benchmark.All.Single(b => b.Name == "refcoco"),
        [
            Expression("1", "<loc0000><loc0000><loc1023><loc1023> it"), Expression("2", "<loc0000><loc0000><loc1023><loc0511> it"),
            Expression("3", "nothing"), Expression("4", "<loc0000><loc0000><loc1023><loc1023> a ; <loc0000><loc0000><loc1023><loc1023> b"),
        ]);
        Assert.Equal([25, 25], scores.Figures(intervals: false).Take(2).Select(f => f.Value)); // 511 / 1023 is below a half
        Assert.Equal(50, scores.Figures(intervals: false).Single(f => f.Key == "invalid").Value);
        Assert.Equal([1, 511 / 1023.0, 0, 0], scores.Items.Select(i => Math.Round(i.Main, 12)).Select((v, i) => i == 1 ? 511 / 1023.0 : v));
    }

    [Fact]
    public void A_record_that_is_read_back_scores_the_same()
    {
        AnsweredItem item = LocationAnswers.Locate(
            Boxes("7", "<loc0000><loc0000><loc0511><loc0511> cat", new LabeledBox("cat", new ScoredBox(new CocoBox(1, 2, 50, 50), 0.9))));
        RunScores scores = RunScoring.Score(Benchmark.File, [item]);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer)) RecordJson.Write(json, Benchmark.File, item, scores.Items[0]);
        using JsonDocument document = JsonDocument.Parse(buffer.ToArray());
        (Benchmark benchmark, AnsweredItem again) = RecordJson.Read(document.RootElement);
        Assert.Equal(Benchmark.File, benchmark);
        Assert.Equal(
            scores.Figures().Select(f => (f.Key, f.Value)), RunScoring.Score(benchmark, [again]).Figures().Select(f => (f.Key, f.Value)));
    }

    [Theory]
    [InlineData(
        """{"question_id": 1, "image": "a.png", "text": "is it?", "label": "yes"}""" + "\n"
            + """{"question_id": 2, "image": "a.png", "text": "no?", "label": "no"}""",
        2)]
    [InlineData("""[{"question_id": 1, "image_id": "x", "question": "is it?", "answers": ["a"]}]""", 1)]
    [InlineData("""{"data": [{"questionId": 9, "image": "documents/a.png", "question": "what?", "answers": ["a"]}]}""", 1)]
    public void Questions_are_read_in_the_benchmarks_forms(string text, int count)
    {
        string path = folder.Write("q.json", System.Text.Encoding.UTF8.GetBytes(text));
        Assert.Equal(count, QuestionFiles.Read(path).Questions.Count);
        Assert.Equal(count, AnswerFiles.ReadReferences(path).Count);
    }

    [Theory]
    [InlineData("""{"question_id": 1, "text": "is it?"}""", "q.json:1: it names no picture")]
    [InlineData(
        """{"question_id": 1, "image": "a", "text": "is it?"}""" + "\n" + """{"question_id": 1, "image": "a", "text": "b"}""",
        "q.json:2: question '1' is asked twice")]
    [InlineData("""{"question_id": 1, "image": "a", "text": "is it?"}""" + "\n{", "q.json:2: it is not valid JSON")]
    [InlineData("""{"questions": [{"image": "a"}]}""", "it has no \"question_id\"")]
    public void Bad_questions_are_reported_with_their_place(string text, string message)
    {
        string path = folder.Write("q.json", System.Text.Encoding.UTF8.GetBytes(text));
        Assert.Contains(message, Assert.Throws<TrainingDataException>(() => QuestionFiles.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_item_of_a_file_has_an_id_of_its_own()
    {
        string[] ids = ["2", "2", "1", "a", "4", "a"]; // the second and the last are taken, and so is a place that could stand for one
        string text = string.Join('\n', ids.Select(id => $$"""{"id": "{{id}}", "image": "a.png", "prefix": "answer en", "suffix": "x"}"""));
        string path = folder.Write("data.jsonl", System.Text.Encoding.UTF8.GetBytes(text));
        folder.Write("a.png", []);
        IReadOnlyList<EvaluationItem> items = new EvaluationFiles { Benchmark = Benchmark.File, Annotations = path }.Read();
        Assert.Equal(ids.Length, items.Select(item => item.Id).Distinct().Count());
    }

    [Theory]
    [InlineData("""{"benchmark": "refcoco", "id": "1", "prompt": "p", "prediction": "x"}""", "it has no \"truth\"")]
    [InlineData("""{"benchmark": "refcoco", "id": "1", "prompt": "p", "prediction": "x", "truth": []}""", "it has no \"truth\"")]
    [InlineData("""{"benchmark": "coco-caption", "id": "1", "prompt": "p", "prediction": "x"}""", "it has no \"references\"")]
    [InlineData("""{"benchmark": "vqav2", "id": "1", "prompt": "p", "prediction": "x", "references": []}""", "it has no \"references\"")]
    [InlineData("""{"benchmark": "file", "id": "1", "prompt": "p", "prediction": "x"}""", "it has no \"references\"")]
    [InlineData(
        """{"benchmark": "coco-detect", "id": "1", "prompt": "p", "prediction": "x", "truth": [],"""
            + """ "boxes": [{"label": "a", "bbox": [0, 0, 1, 1], "score": "high"}]}""",
        "\"score\" is not a number")]
    public void A_damaged_record_is_reported_with_its_place(string text, string message)
    {
        string path = folder.Write("records.jsonl", System.Text.Encoding.UTF8.GetBytes(text));
        string said = Assert.Throws<TrainingDataException>(() => RunComparison.Of(path, path)).Message;
        Assert.Contains($"records.jsonl:1: {message}", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"id": 1, "name": "cat"}, {"id": 1, "name": "dog"}""", 7, "the id '1' is that of another category too")]
    [InlineData("""{"id": 1, "name": "cat"}""", 8, "annotations of images that are not in its \"images\": '8'")]
    public void Instances_that_contradict_themselves_are_refused(string categories, int image, string message)
    {
        string text = $$"""
            {"images": [{"id": 7, "file_name": "a.png"}], "categories": [{{categories}}],
             "annotations": [{"image_id": {{image}}, "category_id": 1, "bbox": [0, 0, 5, 5]}]}
            """;
        string path = folder.Write("instances.json", System.Text.Encoding.UTF8.GetBytes(text));
        string said = Assert.Throws<TrainingDataException>(() => CocoTruth.Read(path, folder.Path)).Message;
        Assert.Contains(message, said, StringComparison.Ordinal);
    }

    /// <summary>The figures of the papers, in our unit, lie between the possible extremes.</summary>
    [Fact]
    public void Published_figures_are_in_the_unit_of_the_main_figure()
    {
        foreach (Benchmark benchmark in Benchmark.All)
            foreach (PublishedFigure figure in benchmark.Published)
            {
                double most = benchmark.Kind switch { RunKind.Captions => 2, RunKind.Boxes => 1, _ => 100 };
                Assert.InRange(figure.Value * benchmark.PublishedScale, 0.2, most);
            }
    }

    private static AnsweredItem Text(string id, string task, string answer, params string[] references) =>
        new(new EvaluationItem(id, ["a.png"], $"{task} en", references) { QuestionType = task }, new ItemAnswer(answer, []));

    private static AnsweredItem Boxes(string id, string truth, params LabeledBox[] found) =>
        new(
            new EvaluationItem(id, ["a.png"], "detect cat", [truth]) { QuestionType = "detect", Truth = [], Things = ["cat"] },
            new ItemAnswer("", found) { Size = (100, 100) });

    private static AnsweredItem Expression(string id, string answer) =>
        new(
            new EvaluationItem(id, ["a.png"], "detect it", [])
            {
                Truth = [new LabeledTruth("it", new TrueBox(new CocoBox(0, 0, 100, 100)))]
            },
            new ItemAnswer(answer, []) { Size = (100, 100) });
}
