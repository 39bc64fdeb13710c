using System.Globalization;
using System.Text.Json;
using VlmSharp.Training.Data;

namespace VlmSharp.Evaluation.Boxes;

/// <summary>
/// A <see cref="DetectionRecord"/> as a JSON object, for reading and merging:
/// <code>
/// {"image_id": "139", "category_id": "1", "things": {"all": 2, "small": 1, "medium": 1, "large": 0},
///  "detections": [{"score": 0.99, "iou": 0.82, "all": "1111111000", "small": "----------", ...}]}
/// </code>
/// Each character is the outcome at an IoU threshold, beginning with 0.50: 1 right, 0 wrong, - neither.
/// </summary>
internal static class DetectionRecordJson
{
    private static readonly string[] Ranges = ["all", "small", "medium", "large"];

    /// <summary>Writes a record as an object.</summary>
    public static void Write(Utf8JsonWriter json, DetectionRecord record)
    {
        json.WriteStartObject();
        json.WriteString("image_id", record.Image);
        json.WriteString("category_id", record.Category);
        json.WriteStartObject("things");
        for (int range = 0; range < Ranges.Length; range++) json.WriteNumber(Ranges[range], record.Things[range]);
        json.WriteEndObject();
        json.WriteStartArray("detections");
        foreach (JudgedBox box in record.Detections)
        {
            json.WriteStartObject();
            json.WriteNumber("score", box.Score);
            json.WriteNumber("iou", box.Overlap);
            for (int range = 0; range < Ranges.Length; range++) json.WriteString(Ranges[range], Spell(box.Outcomes[range]));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Reads a record.</summary>
    /// <exception cref="FormatException">The object is not a record.</exception>
    public static DetectionRecord Read(JsonElement o)
    {
        if (!JsonFields.TryGet(o, "things", out JsonElement counts)) throw new FormatException("it has no \"things\"");
        int[] things = Array.ConvertAll(Ranges, range => (int)JsonFields.Whole(counts, range, 0, int.MaxValue));
        if (!JsonFields.TryGet(o, "detections", out JsonElement list)
            || list.ValueKind != JsonValueKind.Array
            || list.GetArrayLength() > CocoParameters.MostDetections)
            throw new FormatException($"it has no list of at most {CocoParameters.MostDetections} \"detections\"");
        JudgedBox[] boxes = [.. list.EnumerateArray().Select(ReadBox)];
        return new DetectionRecord(JsonFields.RequiredText(o, "image_id"), JsonFields.RequiredText(o, "category_id"), things, boxes);
    }

    private static JudgedBox ReadBox(JsonElement o) =>
        new(Number(o, "score"), Number(o, "iou"), Array.ConvertAll(Ranges, range => Parse(JsonFields.RequiredText(o, range))));

    private static double Number(JsonElement o, string name) =>
        JsonFields.TryGet(o, name, out JsonElement value)
        && value.ValueKind == JsonValueKind.Number
        && value.TryGetDouble(out double number)
        && double.IsFinite(number)
            ? number
            : throw new FormatException($"it has no number under \"{name}\"");

    private static string Spell(Outcome outcome) => string.Create(CocoParameters.Thresholds.Length, outcome, static (text, o) =>
    {
        for (int t = 0; t < text.Length; t++) text[t] = o.IsRight(t) ? '1' : o.IsWrong(t) ? '0' : '-';
    });

    /// <summary>Reads "neither" as ignored; whether the detection had a thing makes no difference.</summary>
    private static Outcome Parse(string text)
    {
        if (text.Length != CocoParameters.Thresholds.Length || text.AsSpan().ContainsAnyExcept("10-"))
            throw new FormatException(string.Create(
                CultureInfo.InvariantCulture,
                $"{MessageText.Quote(text)} is not an outcome of {CocoParameters.Thresholds.Length} characters 1, 0 or -"));
        int matched = 0, ignored = 0;
        for (int t = 0; t < text.Length; t++)
        {
            if (text[t] == '1') matched |= 1 << t;
            if (text[t] == '-') ignored |= 1 << t;
        }

        return new Outcome((ushort)matched, (ushort)ignored);
    }
}
