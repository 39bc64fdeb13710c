using System.Globalization;
using System.Text.Json;
using VlmSharp.Evaluation.Boxes;
using VlmSharp.Training.Data;

namespace VlmSharp.Evaluation.Runs;

/// <summary>
/// An answered item with its scores, as a line of <c>records.jsonl</c>. It has everything that the scores are computed from, so that a
/// comparison needs no other file.
/// </summary>
internal static class RecordJson
{
    /// <summary>Writes an object.</summary>
    public static void Write(Utf8JsonWriter o, Benchmark benchmark, AnsweredItem answered, ItemScore score)
    {
        (EvaluationItem item, ItemAnswer answer) = answered;
        o.WriteStartObject();
        o.WriteString("id", item.Id);
        o.WriteString("benchmark", benchmark.Name);
        if (item.ImageId is { } image) o.WriteString("image_id", image);
        WriteTexts(o, "images", item.Images);
        o.WriteString("prompt", item.Prompt);
        if (item.Question is { } question) o.WriteString("question", question);
        if (item.AnswerType is { } answerType) o.WriteString("answer_type", answerType);
        if (item.QuestionType is { } questionType) o.WriteString("question_type", questionType);
        o.WriteString("prediction", answer.Text);
        o.WriteString("normalized", score.Normalized);
        WriteTexts(o, "references", item.References);
        if (item.Truth is { } truth) WriteBoxes(o, answer, truth);
        if (answer.FinishReason is { } reason) o.WriteString("finish_reason", reason);
        if (answer.Error is { } error) WriteError(o, answer.ErrorType, error);
        o.WriteStartObject("scores");
        foreach ((string name, double value) in score.Values) o.WriteNumber(name, value);
        o.WriteEndObject();
        o.WriteEndObject();
    }

    /// <summary>Reads an object.</summary>
    /// <exception cref="FormatException">It is not a record.</exception>
    public static (Benchmark Benchmark, AnsweredItem Item) Read(JsonElement o)
    {
        string name = JsonFields.RequiredText(o, "benchmark");
        Benchmark benchmark = name == Benchmark.File.Name
            ? Benchmark.File
            : Benchmark.All.FirstOrDefault(b => b.Name == name)
                ?? throw new FormatException($"the benchmark {MessageText.Quote(name)} is unknown");
        var item = new EvaluationItem(
            JsonFields.RequiredText(o, "id"), JsonFields.Texts(o, "images", DataLimits.Images) ?? [], JsonFields.RequiredText(o, "prompt"),
            JsonFields.Texts(o, "references", DataLimits.Suffixes) ?? [])
        {
            ImageId = JsonFields.Text(o, "image_id"),
            Question = JsonFields.Text(o, "question"),
            AnswerType = JsonFields.Text(o, "answer_type"),
            QuestionType = JsonFields.Text(o, "question_type"),
            Truth = JsonFields.TryGet(o, "truth", out JsonElement truth) ? [.. Entries(truth, "truth").Select(ReadTruth)] : null,
        };
        Require(benchmark.Kind, item);
        bool hasSize = JsonFields.TryGet(o, "size", out JsonElement size);
        bool hasError = JsonFields.TryGet(o, "error", out JsonElement error);
        double[] sides = hasSize ? JsonFields.Numbers(size, "size", 2, 2) : [0, 0];
        return (benchmark, new AnsweredItem(item, new ItemAnswer(
            JsonFields.RequiredText(o, "prediction"),
            JsonFields.TryGet(o, "boxes", out JsonElement boxes) ? [.. Entries(boxes, "boxes").Select(ReadBox)] : [])
        {
            Size = ((int)sides[0], (int)sides[1]),
            Error = hasError ? JsonFields.RequiredText(error, "message") : null,
            ErrorType = hasError ? JsonFields.Text(error, "type") : null,
        }));
    }

    /// <summary>Refuses a record without the correct answers that its benchmark is scored by.</summary>
    private static void Require(RunKind kind, EvaluationItem item)
    {
        string? missing = kind switch
        {
            RunKind.Boxes => item.Truth is null ? "truth" : null, // an empty picture has an empty list
            RunKind.Referring => item.Truth is null or [] ? "truth" : null,
            _ => item.References.Count == 0 ? "references" : null,
        };
        if (missing is not null) throw new FormatException($"it has no \"{missing}\"");
    }

    private static void WriteError(Utf8JsonWriter o, string? type, string message)
    {
        o.WriteStartObject("error");
        if (type is not null) o.WriteString("type", type);
        o.WriteString("message", message);
        o.WriteEndObject();
    }

    private static void WriteBoxes(Utf8JsonWriter o, ItemAnswer answer, IReadOnlyList<LabeledTruth> truth)
    {
        WriteNumbers(o, "size", answer.Size.Width, answer.Size.Height);
        o.WriteStartArray("boxes");
        foreach (LabeledBox box in answer.Boxes)
        {
            o.WriteStartObject();
            o.WriteString("label", box.Label);
            WriteBox(o, box.Box.Box);
            o.WriteNumber("score", box.Box.Score);
            o.WriteEndObject();
        }

        o.WriteEndArray();
        o.WriteStartArray("truth");
        foreach (LabeledTruth thing in truth)
        {
            o.WriteStartObject();
            o.WriteString("label", thing.Label);
            WriteBox(o, thing.Truth.Box);
            o.WriteNumber("area", thing.Truth.Area);
            o.WriteNumber("iscrowd", thing.Truth.IsCrowd ? 1 : 0);
            o.WriteEndObject();
        }

        o.WriteEndArray();
    }

    /// <summary>Writes COCO's member "bbox": left, top, width and height in pixels.</summary>
    public static void WriteBox(Utf8JsonWriter o, CocoBox box) => WriteNumbers(o, "bbox", box.Left, box.Top, box.Width, box.Height);

    /// <summary>Whether an id is a whole number; the official files then have it as a number.</summary>
    public static bool IsNumber(string id) =>
        long.TryParse(id, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
        && number.ToString(CultureInfo.InvariantCulture) == id;

    /// <summary>Writes an id, as a number if it is one.</summary>
    public static void WriteId(Utf8JsonWriter o, string name, string id)
    {
        if (IsNumber(id)) o.WriteNumber(name, long.Parse(id, CultureInfo.InvariantCulture));
        else o.WriteString(name, id);
    }

    private static LabeledTruth ReadTruth(JsonElement o) => new(JsonFields.RequiredText(o, "label"), CocoDetectionFiles.Thing(o));

    private static LabeledBox ReadBox(JsonElement o) => new(
        JsonFields.RequiredText(o, "label"),
        new ScoredBox(
            CocoDetectionFiles.Box(o),
            JsonFields.TryGet(o, "score", out JsonElement score)
                ? CocoDetectionFiles.Number(score, "score")
                : throw new FormatException("a box has no \"score\"")));

    private static JsonElement[] Entries(JsonElement list, string name) =>
        list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray()] : throw new FormatException($"\"{name}\" is no list");

    private static void WriteTexts(Utf8JsonWriter o, string name, IReadOnlyList<string> texts)
    {
        o.WriteStartArray(name);
        foreach (string text in texts) o.WriteStringValue(text);
        o.WriteEndArray();
    }

    private static void WriteNumbers(Utf8JsonWriter o, string name, params ReadOnlySpan<double> numbers)
    {
        o.WriteStartArray(name);
        foreach (double number in numbers) o.WriteNumberValue(number);
        o.WriteEndArray();
    }
}
