using System.Text.Json;

namespace VlmSharp.Training.Data;

/// <summary>Detects the format of data from their contents, not from their name.</summary>
internal static class FormatDetector
{
    /// <summary>The number of lines to check; if none of them is an example, the file is something else.</summary>
    private const int MostLines = 100;

    private const string Questions = "questions";

    /// <summary>The format of a file or folder.</summary>
    /// <exception cref="TrainingDataException">The format is unknown, or the file cannot be read.</exception>
    public static DataFormat Detect(string path)
    {
        if (Directory.Exists(path))
        {
            return FolderReader.FormatOf(path) ?? throw new TrainingDataException(
                $"{path} has neither pictures with a .txt file beside each nor folders of pictures named by their label: give such a "
                    + "folder, or a JSONL file.");
        }

        (DataFormat? format, bool areObjects) = OfLines(path);
        if (format is null && !areObjects) RequireJson(path);
        return format ?? (areObjects ? null : OfWhole(path)) ?? throw new TrainingDataException(
            $"{path} is in no known form of training data ({string.Join(", ", DataFormats.All)}): give one JSON object a line, with "
                + "\"image\", \"prefix\" and \"suffix\".");
    }

    /// <summary>Throws if a file that should contain examples holds no JSON.</summary>
    /// <param name="path">A file of JSON or of JSON lines; only its beginning is read.</param>
    /// <exception cref="TrainingDataException">It is a picture, a text or anything else.</exception>
    public static void RequireExamples(string path)
    {
        if (OfLines(path) is (null, false)) RequireJson(path);
    }

    private static void RequireJson(string path)
    {
        if (OtherFile.Describe(path) is { } what)
        {
            throw new TrainingDataException($"{path} is {what}, and no training data: give a file with one JSON object a line "
                + "({\"image\": \"a.jpg\", \"prefix\": \"caption en\", \"suffix\": \"a cat\"}), "
                + "one of COCO or VQA, or a folder of pictures.");
        }
    }

    /// <summary>The form of the first line that has one, and whether lines are objects at all.</summary>
    private static (DataFormat? Format, bool AreObjects) OfLines(string path)
    {
        using var file = new JsonlFile(path);
        using IEnumerator<(JsonlFile.Line Line, ReadOnlyMemory<byte> Bytes)> lines = file.Lines().GetEnumerator();
        bool areObjects = false;
        for (int seen = 0; seen < MostLines && Next(); seen++)
        {
            try
            {
                (DataFormat? format, bool isRow) = JsonFields.Parse(lines.Current.Bytes, o => (RowReader.FormatOf(o), IsRow(o)));
                if (format is not null) return (format, true);
                areObjects |= isRow;
            }
            catch (FormatException)
            {
                // A bad line, or a part of a larger object: the reader reports it.
            }
        }

        return (null, areObjects);

        bool Next()
        {
            try
            {
                return lines.MoveNext();
            }
            catch (TrainingDataException)
            {
                return false; // a line without end, as COCO's files are
            }
        }
    }

    private static bool IsRow(JsonElement o) => o.ValueKind == JsonValueKind.Object && o.EnumerateObject().Any()
        && !o.TryGetProperty(CocoImages.Annotations, out _) && !o.TryGetProperty(Questions, out _) && !o.TryGetProperty("id", out _);

    /// <summary>The form of a file that is one object.</summary>
    private static DataFormat? OfWhole(string path)
    {
        DataFormat? format = null;
        HashSet<string> names = new JsonFile(path).Read(
            new Dictionary<string, Action<JsonElement, Range>> { [CocoImages.Annotations] = (o, _) => format ??= OfAnnotation(o) },
            (_, _) => { });
        return names.Contains(Questions)
            ? DataFormat.Vqa
            : format ?? (names.Contains(CocoImages.Categories) ? DataFormat.CocoInstances : null);
    }

    private static DataFormat? OfAnnotation(JsonElement o) =>
        JsonFields.TryGet(o, "question_id", out _) ? DataFormat.Vqa
        : JsonFields.TryGet(o, "caption", out _) ? DataFormat.CocoCaptions
        : JsonFields.TryGet(o, "bbox", out _) ? DataFormat.CocoInstances : null;
}
