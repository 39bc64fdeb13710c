using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using VlmSharp.Cli.Output;
using VlmSharp.Evaluation.Runs;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Evaluations;

/// <summary>Writes the files of an evaluation and prints its results.</summary>
internal static class EvaluationOutput
{
    /// <summary>The file of items with their scores.</summary>
    public const string RecordsName = "records.jsonl";

    private const string ScoresName = "scores.json", PredictionsName = "predictions.json";
    private const string LatencyName = "latency.json", ReportName = "report.html";

    /// <summary>Writes all files. Except for <c>latency.json</c> and the report, they depend only on records and references.</summary>
    /// <param name="result">The result of the evaluation.</param>
    /// <param name="folder">Where the files go; files of the same names are replaced.</param>
    /// <param name="categories">The ids of COCO's categories, or null.</param>
    /// <param name="worst">Number of answers that the report shows.</param>
    public static void Save(EvaluationResult result, string folder, IReadOnlyDictionary<string, string>? categories, int worst)
    {
        Write(folder, ScoresName, stream => WriteLine(stream, o => WriteScores(o, result)));
        Write(folder, RecordsName, stream =>
        {
            foreach ((AnsweredItem item, ItemScore score) in result.Items.Zip(result.Scores.Items))
                WriteLine(stream, o => RecordJson.Write(o, result.Benchmark, item, score));
        });
        if (result.Benchmark.Kind is RunKind.Captions or RunKind.Answers or RunKind.Boxes)
            Write(folder, PredictionsName, stream => WriteLine(stream, o => WritePredictions(o, result, categories)));
        if (result.Latency is { } latency) Write(folder, LatencyName, stream => WriteLine(stream, latency.Write));
        Write(folder, ReportName, stream => ReportPage.Write(result, stream, worst));
    }

    /// <summary>Writes tables to standard output.</summary>
    public static void Show(EvaluationResult result, string folder)
    {
        string failed = result.Errors == 0 ? "" : $", {result.Errors} without an answer, which count as empty ones";
        Console.WriteLine($"{result.Benchmark.Title}: {result.Items.Count} items{failed}");
        Table table = Tables.Create("metric", "score", "95 % interval");
        foreach (Figure figure in result.Figures) table.AddPlainRow(figure.Title, figure.Shown, figure.ShownInterval);
        Tables.Write(table);
        if (result.Scores.Groups.Count is > 0 and <= 40)
        {
            Table groups = Tables.Create("group", "count", result.Main.Title);
            foreach (GroupFigure group in result.Scores.Groups)
                groups.AddPlainRow(
                    $"{group.Kind}: {group.Name}",
                    $"{group.Count}",
                    Figure.Show(group.Value, result.Benchmark.Kind != RunKind.Boxes));
            Tables.Write(groups);
        }

        if (result.Variants.Count > 0)
        {
            Table variants = Tables.Create("variant", "level", result.Main.Title, "95 % interval");
            foreach (var (variant, figures) in result.Variants)
                variants.AddPlainRow(
                    variant.Name,
                    variant.Picture is null ? "" : variant.Level.ToString(CultureInfo.InvariantCulture),
                    result.MainOf(figures).Shown,
                    result.MainOf(figures).ShownInterval);
            Tables.Write(variants);
        }

        if (result.Latency is { } l)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"latency mean {l.Mean:0.000} s, median {l.Median:0.000} s, p95 {l.P95:0.000} s"));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{l.PerSecond:0.00} answers a second; peak memory {l.PeakBytes / 1e6:0} MB"));
        }

        Console.WriteLine($"report: {MessageWriter.Name(Path.Combine(folder, ReportName))}");
    }

    /// <summary>Writes one object with everything to standard output.</summary>
    public static void WriteJson(EvaluationResult result) => JsonOutput.WriteLine(o =>
    {
        o.WriteStartObject();
        WriteMembers(o, result);
        if (result.Latency is { } latency)
        {
            o.WritePropertyName("latency");
            latency.Write(o);
        }

        o.WriteEndObject();
    });

    private static void WriteScores(Utf8JsonWriter o, EvaluationResult result)
    {
        o.WriteStartObject();
        WriteMembers(o, result);
        o.WriteEndObject();
    }

    private static void WriteMembers(Utf8JsonWriter o, EvaluationResult result)
    {
        o.WriteString("benchmark", result.Benchmark.Name);
        o.WriteString("model", result.Model);
        o.WriteNumber("items", result.Items.Count);
        o.WriteNumber("errors", result.Errors);
        WriteFigures(o, result.Figures);
        o.WriteStartObject("groups");
        foreach (IGrouping<string, GroupFigure> kind in result.Scores.Groups.GroupBy(g => g.Kind))
        {
            o.WriteStartObject(kind.Key);
            foreach (GroupFigure group in kind)
            {
                o.WriteStartObject(group.Name);
                o.WriteNumber("count", group.Count);
                o.WriteNumber("score", group.Value);
                o.WriteEndObject();
            }

            o.WriteEndObject();
        }

        o.WriteEndObject();
        if (result.Variants.Count == 0) return;
        o.WriteStartArray("robustness");
        foreach (var (variant, figures) in result.Variants)
        {
            o.WriteStartObject();
            o.WriteString("variant", variant.Name);
            o.WriteNumber("level", variant.Level);
            WriteFigures(o, figures);
            o.WriteEndObject();
        }

        o.WriteEndArray();
    }

    private static void WriteFigures(Utf8JsonWriter o, IReadOnlyList<Figure> figures)
    {
        o.WriteStartObject("scores");
        foreach (Figure figure in figures) o.WriteReal(figure.Key, figure.Value);
        o.WriteEndObject();
        o.WriteStartObject("intervals");
        foreach (Figure figure in figures)
            if (figure.Interval is { } interval && double.IsFinite(interval.Low)) o.WriteInterval(figure.Key, interval);
        o.WriteEndObject();
    }

    private static void WritePredictions(Utf8JsonWriter o, EvaluationResult result, IReadOnlyDictionary<string, string>? categories)
    {
        o.WriteStartArray();
        foreach ((EvaluationItem item, ItemAnswer answer) in result.Items)
        {
            if (result.Benchmark.Kind == RunKind.Boxes)
            {
                foreach (LabeledBox box in answer.Boxes)
                {
                    if (!categories!.TryGetValue(box.Label, out string? category)) continue; // a label without an id
                    o.WriteStartObject();
                    RecordJson.WriteId(o, "image_id", item.ImageId!);
                    RecordJson.WriteId(o, "category_id", category);
                    RecordJson.WriteBox(o, box.Box.Box);
                    o.WriteNumber("score", box.Box.Score);
                    o.WriteEndObject();
                }

                continue;
            }

            bool isCaption = result.Benchmark.Kind == RunKind.Captions;
            o.WriteStartObject();
            RecordJson.WriteId(o, isCaption ? "image_id" : "question_id", item.Id);
            o.WriteString(isCaption ? "caption" : "answer", answer.Text);
            o.WriteEndObject();
        }

        o.WriteEndArray();
    }

    private static void Write(string folder, string name, Action<Stream> write) => PartialFile.Write(Path.Combine(folder, name), write);

    private static void WriteLine(Stream stream, Action<Utf8JsonWriter> write)
    {
        stream.Write(JsonOutput.ToBytes(write));
        stream.WriteByte((byte)'\n');
    }
}
