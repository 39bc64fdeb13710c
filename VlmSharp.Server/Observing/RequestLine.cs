using System.Text.Json;

namespace VlmSharp.Server.Observing;

/// <summary>
/// A request's log line: one JSON object. The writer escapes everything that is not printable ASCII, so that no text can end the line,
/// begin another or move a terminal's cursor. Members without a value are left out.
/// </summary>
internal static class RequestLine
{
    private const int MaxText = 256, MaxContent = 8192; // characters of a name, and of a prompt or an answer

    /// <summary>Writes a line without its end.</summary>
    public static void Write(Utf8JsonWriter json, RequestRecord record, DateTimeOffset time)
    {
        json.WriteStartObject();
        json.WriteString("time", time.UtcDateTime);
        Text(json, "id", record.Id);
        Text(json, "trace", record.TraceId);
        Text(json, "client", record.Client);
        Text(json, "route", record.Route);
        json.WriteNumber("status", record.Status);
        Text(json, "error", record.ErrorType);
        Text(json, "fault", record.Fault);
        Text(json, "rejected", (record.Rejection ?? Rejections.OfStatus(record.Status))?.Label());
        Text(json, "model", record.Model);
        Text(json, "adapter", record.Adapter);
        if (record.Pictures.Count > 0) WritePictures(json, record);
        if (record.TextTokens + record.ImageTokens > 0) WriteTokens(json, record);
        Text(json, "finish_reason", record.FinishReason);
        WriteTimes(json, record);
        Text(json, "prompt", record.Prompt, MaxContent);
        Text(json, "answer", record.Answer, MaxContent);
        json.WriteEndObject();
    }

    private static void WritePictures(Utf8JsonWriter json, RequestRecord record)
    {
        json.WriteNumber("cached_images", record.CachedPictures);
        json.WriteStartArray("images");
        foreach (PictureFacts picture in record.Pictures)
        {
            json.WriteStartObject();
            json.WriteNumber("bytes", picture.Bytes);
            json.WriteNumber("width", picture.Width);
            json.WriteNumber("height", picture.Height);
            Text(json, "format", picture.Format);
            Text(json, "sha256", picture.Hash);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteTokens(Utf8JsonWriter json, RequestRecord record)
    {
        json.WriteNumber("text_tokens", record.TextTokens);
        json.WriteNumber("image_tokens", record.ImageTokens);
        json.WriteNumber("completion_tokens", record.CompletionTokens);
        if (record.LargestStep > 0) json.WriteNumber("largest_step", record.LargestStep);
        if (record is { Decode.TotalSeconds: > 0 and var seconds, CompletionTokens: > 1 })
            Number(json, "tokens_per_second", (record.CompletionTokens - 1) / seconds);
    }

    private static void WriteTimes(Utf8JsonWriter json, RequestRecord record)
    {
        Milliseconds(json, "queue_ms", record.Queued > TimeSpan.Zero || record.TextTokens > 0 ? record.Queued : null);
        Milliseconds(json, "vision_ms", record.Vision);
        Milliseconds(json, "prefill_ms", record.Prefill);
        Milliseconds(json, "decode_ms", record.Decode);
        Milliseconds(json, "ttft_ms", record.TimeToFirstToken);
        Milliseconds(json, "total_ms", record.Duration);
    }

    private static void Text(Utf8JsonWriter json, string name, string? value, int most = MaxText)
    {
        if (value is null) return;
        json.WriteString(name, value.Length <= most ? value : $"{value.AsSpan(0, most)}...");
    }

    private static void Milliseconds(Utf8JsonWriter json, string name, TimeSpan? time)
    {
        if (time is { } known) Number(json, name, known.TotalMilliseconds);
    }

    private static void Number(Utf8JsonWriter json, string name, double value) => json.WriteNumber(name, Math.Round(value, 3));
}
