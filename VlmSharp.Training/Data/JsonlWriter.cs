using System.Text.Encodings.Web;
using System.Text.Json;

namespace VlmSharp.Training.Data;

/// <summary>
/// Writes examples as JSONL of <c>image</c>, <c>prefix</c> and <c>suffix</c>, which every PaliGemma trainer reads. Several pictures become
/// <c>images</c>, and several answers become a list, as this library reads them.
/// </summary>
public static class JsonlWriter
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes all examples.</summary>
    /// <param name="data">All examples, written in their order.</param>
    /// <param name="stream">Receives lines, UTF-8.</param>
    /// <param name="folder">The folder that the pictures' paths are made relative to: that of the file to be written.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public static void Write(TrainingData data, Stream stream, string folder, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(folder);
        using var json = new Utf8JsonWriter(stream, Options);
        string from = Path.GetFullPath(folder);
        for (int i = 0; i < data.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            json.Reset();
            Write(json, data[i], from);
            json.Flush();
            stream.WriteByte((byte)'\n');
        }
    }

    private static void Write(Utf8JsonWriter json, TrainingExample example, string folder)
    {
        string[] images = [.. example.Images.Select(image =>
            Path.GetRelativePath(folder, Path.GetFullPath(image)).Replace(Path.DirectorySeparatorChar, '/'))];
        json.WriteStartObject();
        if (example.Id is { } id) json.WriteString("id", id);
        WriteOneOrMany(json, images.Length == 1 ? "image" : "images", images);
        json.WriteString("prefix", example.Prefix);
        WriteOneOrMany(json, "suffix", example.Suffixes);
        json.WriteEndObject();
    }

    private static void WriteOneOrMany(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        if (texts.Count == 1)
        {
            json.WriteString(name, texts[0]);
            return;
        }

        json.WriteStartArray(name);
        foreach (string text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
