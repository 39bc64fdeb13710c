using System.Text.Json;
using VlmSharp.Imaging;
using VlmSharp.Tasks.Masks;

namespace VlmSharp.Tasks;

/// <summary>
/// A <see cref="TaskResult"/> as members of a JSON object, the same for every task:
/// <code>
/// "task": "segment", "prompt": "segment cat", "width": 640, "height": 480,
/// "detections": [{"label": "cat", "score": 0.93, "box": [x0, y0, x1, y1],
///                 "mask_codes": [16 numbers], "mask": {"size": [480, 640], "counts": "COCO's string"}}]
/// </code>
/// Boxes are in pixels of the upright picture. <c>mask_codes</c> is present if the model gave a mask, and <c>mask</c> if it could be
/// decoded. For caption and ask, <c>detections</c> is empty.
/// </summary>
public static class TaskJson
{
    /// <summary>Writes the members into an open object.</summary>
    /// <param name="json">Inside an object, which the caller ends.</param>
    /// <param name="result">The model's answer.</param>
    public static void WriteMembers(Utf8JsonWriter json, TaskResult result)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(result);
        json.WriteString("task", result.Task.Name);
        json.WriteString("prompt", result.Task.Prompt);
        json.WriteNumber("width", result.Width);
        json.WriteNumber("height", result.Height);
        WriteDetections(json, result.Detections);
    }

    /// <summary>Writes only the member <c>detections</c> into an open object.</summary>
    /// <param name="json">Inside an object, which the caller ends.</param>
    /// <param name="detections">In the order in which they are written.</param>
    /// <param name="writeMask">Writes another member instead of <c>mask</c>, or null.</param>
    public static void WriteDetections(
        Utf8JsonWriter json, IEnumerable<Detection> detections, Action<Utf8JsonWriter, SegmentationMask>? writeMask = null)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(detections);
        json.WriteStartArray("detections");
        foreach (Detection detection in detections) WriteDetection(json, detection, writeMask);
        json.WriteEndArray();
    }

    /// <summary>Writes a mask in COCO's format: <c>{"size": [height, width], "counts": ...}</c>.</summary>
    /// <param name="json">The writer, at the position of a value.</param>
    /// <param name="mask">Of the whole picture, one bit for each pixel.</param>
    /// <param name="compressed">Whether counts is COCO's string, or an array of run lengths.</param>
    public static void WriteMask(Utf8JsonWriter json, RunLengthMask mask, bool compressed = true)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(mask);
        json.WriteStartObject();
        WriteNumbers(json, "size", [mask.Height, mask.Width]);
        if (compressed) json.WriteString("counts", mask.ToCompressed());
        else WriteNumbers(json, "counts", mask.Counts);
        json.WriteEndObject();
    }

    private static void WriteDetection(Utf8JsonWriter json, Detection detection, Action<Utf8JsonWriter, SegmentationMask>? writeMask)
    {
        json.WriteStartObject();
        json.WriteString("label", detection.Label);
        json.WriteNumber("score", Math.Round(detection.Score, 6));
        json.WriteStartArray("box");
        Box box = detection.Box;
        foreach (float edge in (ReadOnlySpan<float>)[box.Left, box.Top, box.Right, box.Bottom]) json.WriteNumberValue(Math.Round(edge, 3));
        json.WriteEndArray();
        if (detection.MaskCodes is { } codes) WriteNumbers(json, "mask_codes", codes);
        if (detection.Mask is { } mask)
        {
            if (writeMask is not null)
            {
                writeMask(json, mask);
            }
            else
            {
                json.WritePropertyName("mask");
                WriteMask(json, mask.ToRunLength());
            }
        }

        json.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IEnumerable<int> values)
    {
        json.WriteStartArray(name);
        foreach (int value in values) json.WriteNumberValue(value);
        json.WriteEndArray();
    }
}
