using System.Text.Json;

namespace VlmSharp.Cli.LoadTest;

/// <summary>An event of a streamed chat answer.</summary>
internal readonly record struct ChatPiece
{
    /// <summary>Whether this is the <c>[DONE]</c> that ends a stream.</summary>
    public bool IsDone { get; private init; }

    /// <summary>The text that the event adds; may be empty.</summary>
    public string Text { get; private init; }

    /// <summary>Whether the event has a finish reason.</summary>
    public bool IsFinish { get; private init; }

    /// <summary>Number of tokens of the prompt and of the answer, if the event has them.</summary>
    public (int Prompt, int Answer)? Usage { get; private init; }

    /// <summary>The type of the error; null if the event is not an error.</summary>
    public string? Error { get; private init; }

    /// <summary>Parses the data of an event; a parser for <c>System.Net.ServerSentEvents</c>.</summary>
    /// <param name="type">The event's type.</param>
    /// <param name="data">The content after <c>data:</c>.</param>
    /// <exception cref="JsonException">It is neither JSON nor <c>[DONE]</c>.</exception>
    public static ChatPiece Parse(string type, ReadOnlySpan<byte> data)
    {
        if (data.SequenceEqual("[DONE]"u8)) return new ChatPiece { IsDone = true, Text = "" };
        var json = new Utf8JsonReader(data);
        using JsonDocument chunk = JsonDocument.ParseValue(ref json);
        JsonElement root = chunk.RootElement;
        if (root.ValueKind != JsonValueKind.Object) throw new JsonException($"An event is no JSON object but {root.ValueKind}.");
        string text = "";
        bool isFinish = false;
        if (root.TryGetProperty("choices", out JsonElement choices)
            && choices.ValueKind == JsonValueKind.Array
            && choices.GetArrayLength() > 0)
        {
            JsonElement choice = choices[0];
            text = Member(Member(choice, "delta"), "content") is { ValueKind: JsonValueKind.String } content ? content.GetString()! : "";
            isFinish = Member(choice, "finish_reason").ValueKind == JsonValueKind.String;
        }

        JsonElement usage = Member(root, "usage");
        return new ChatPiece
        {
            Text = text,
            IsFinish = isFinish,
            Usage = usage.ValueKind == JsonValueKind.Object ? (Count(usage, "prompt_tokens"), Count(usage, "completion_tokens")) : null,
            Error = LoadError.TypeIn(root),
        };
    }

    private static JsonElement Member(JsonElement o, string name) =>
        o.ValueKind == JsonValueKind.Object && o.TryGetProperty(name, out JsonElement value) ? value : default;

    private static int Count(JsonElement usage, string name) =>
        Member(usage, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out int count) && count >= 0 ? count : 0;
}
