using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.LoadTest;

/// <summary>
/// The JSON body of a chat request. All requests share the picture's bytes, which are most of the body; they are never copied.
/// </summary>
internal sealed class ChatBody : HttpContent
{
    private readonly ReadOnlyMemory<byte>[] parts;

    /// <summary>Writes the parts.</summary>
    /// <param name="request">Has the prompt, the picture and the number of tokens.</param>
    /// <param name="model">Name of the model; null to omit it.</param>
    /// <param name="extra">Members that every request has.</param>
    public ChatBody(LoadRequest request, string? model, JsonElement? extra)
    {
        byte[] head = """{"messages":[{"role":"user","content":["""u8.ToArray();
        byte[] text = JsonOutput.ToBytes(json =>
        {
            json.WriteStartObject();
            json.WriteString("type", "text");
            json.WriteString("text", request.Prompt);
            json.WriteEndObject();
        });
        byte[] members = JsonOutput.ToBytes(json => WriteMembers(json, request, model, extra));
        ReadOnlyMemory<byte>[] picture = request.Picture is { } shown
            ? ["""{"type":"image_url","image_url":{"url":" """u8[..^1].ToArray(), shown.DataUri, "\"}},"u8.ToArray()]
            : [];
        parts = [head, .. picture, text, "]}],"u8.ToArray(), members.AsMemory(1)]; // without its brace
        Headers.ContentType = new MediaTypeHeaderValue("application/json");
    }

    private static void WriteMembers(Utf8JsonWriter json, LoadRequest request, string? model, JsonElement? extra)
    {
        json.WriteStartObject();
        if (model is not null) json.WriteString("model", model);
        json.WriteNumber("max_tokens", request.MaxTokens);
        json.WriteBoolean("stream", true);
        json.WriteStartObject("stream_options");
        json.WriteBoolean("include_usage", true);
        json.WriteEndObject();
        bool hasTemperature = false;
        if (extra is { } more)
        {
            foreach (JsonProperty member in more.EnumerateObject())
            {
                hasTemperature |= member.NameEquals("temperature");
                member.WriteTo(json);
            }
        }

        if (!hasTemperature) json.WriteNumber("temperature", 0); // so that the same request has the same answer
        json.WriteEndObject();
    }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        foreach (ReadOnlyMemory<byte> part in parts) await stream.WriteAsync(part);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = parts.Sum(part => (long)part.Length);
        return true;
    }
}
