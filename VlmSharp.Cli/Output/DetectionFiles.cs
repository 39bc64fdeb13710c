using System.Text.Json;
using VlmSharp.Imaging;
using VlmSharp.Tasks;
using VlmSharp.Tasks.Masks;

namespace VlmSharp.Cli.Output;

/// <summary>The files that show what was found in a picture: a drawing, and masks.</summary>
/// <param name="draw">Name of the drawing, or null for none.</param>
/// <param name="mask">Name of the masks, or null for none.</param>
/// <param name="maskFormat">png, coco or coco-runs.</param>
internal sealed class DetectionFiles(OutputName? draw, OutputName? mask, string maskFormat)
{
    /// <summary>Whether the whole picture is needed.</summary>
    public bool IsDrawing => draw is not null;

    /// <summary>Writes them.</summary>
    /// <param name="picture">The picture's path.</param>
    /// <param name="image">The whole picture, where there is a drawing.</param>
    /// <param name="result">What was found.</param>
    public void Write(string picture, RgbImage? image, TaskResult result)
    {
        if (draw is not null) PngWriter.Save(DetectionOverlay.Draw(image!, result.Detections), draw.For(picture));
        if (mask is null) return;
        Detection[] masked = [.. result.Detections.Where(d => d.Mask is not null)];
        if (mask.IsNumbered)
        {
            for (int i = 0; i < masked.Length; i++) WriteMasks(mask.For(picture, i + 1), [masked[i]], result);
            return;
        }

        WriteMasks(mask.For(picture), masked, result);
    }

    private void WriteMasks(string path, Detection[] masked, TaskResult result)
    {
        if (maskFormat == "png") PngWriter.Save(SegmentationMask.ToImage(masked.Select(d => d.Mask!), result.Width, result.Height), path);
        else File.WriteAllText(path, JsonOutput.ToText(json => WriteCoco(json, masked)) + "\n");
    }

    /// <summary>An array of annotations with COCO's members, as its tools read results.</summary>
    private void WriteCoco(Utf8JsonWriter json, Detection[] masked)
    {
        json.WriteStartArray();
        foreach (Detection detection in masked)
        {
            RunLengthMask runs = detection.Mask!.ToRunLength();
            Box box = runs.BoundingBox;
            json.WriteStartObject();
            json.WriteString("label", detection.Label);
            json.WriteNumber("score", Math.Round(detection.Score, 6));
            json.WriteNumbers("bbox", [box.Left, box.Top, box.Width, box.Height]);
            json.WriteNumber("area", runs.Area);
            json.WritePropertyName("segmentation");
            TaskJson.WriteMask(json, runs, compressed: maskFormat == "coco");
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
