using System.Text.Json;
using VlmSharp.Cli.Batch;
using VlmSharp.Evaluation.Boxes;
using VlmSharp.Evaluation.Runs;

namespace VlmSharp.Cli.Evaluations;

/// <summary>Reads the records of a batch as answers.</summary>
internal static class RunRecords
{
    /// <summary>All answers of a folder, in the order of the work.</summary>
    /// <exception cref="IOException">A record was not written by a batch.</exception>
    public static List<ItemAnswer> Read(string folder) => [.. new RunFolder(folder).Records().Select(line => Read(line, folder))];

    private static ItemAnswer Read(byte[] line, string folder)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            return Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new IOException(
                $"{folder} has a record that is not what an evaluation writes ({e.Message}): run it again with --force.", e);
        }
    }

    private static ItemAnswer Read(JsonElement o)
    {
        if (o.TryGetProperty("error", out JsonElement error))
        {
            string? message = error.GetProperty("message").GetString(), type = error.GetProperty("type").GetString();
            return new ItemAnswer("", []) { Error = message, ErrorType = type };
        }

        LabeledBox[] boxes = o.TryGetProperty("detections", out JsonElement found) ? [.. found.EnumerateArray().Select(ReadBox)] : [];
        return new ItemAnswer(o.GetProperty("text").GetString() ?? "", boxes)
        {
            Size = o.TryGetProperty("width", out JsonElement width) ? (width.GetInt32(), o.GetProperty("height").GetInt32()) : default,
            FinishReason = o.GetProperty("finish_reason").GetString(),
        };
    }

    private static LabeledBox ReadBox(JsonElement o)
    {
        double[] edges = [.. o.GetProperty("box").EnumerateArray().Select(edge => edge.GetDouble())]; // left, top, right, bottom
        if (edges.Length != 4) throw new FormatException("a box has not four edges");
        var box = new CocoBox(edges[0], edges[1], edges[2] - edges[0], edges[3] - edges[1]);
        return new LabeledBox(o.GetProperty("label").GetString() ?? "", new ScoredBox(box, o.GetProperty("score").GetDouble()));
    }
}
