using System.Text;
using System.Text.Json;

namespace VlmSharp.Cli.LoadTest;

/// <summary>Why a request has no complete answer.</summary>
/// <param name="Status">The HTTP status, if the error came with one.</param>
/// <param name="Type">The type that the server gives its error, or one of the words below.</param>
internal sealed record LoadError(int? Status, string Type)
{
    /// <summary>Bytes of an error body that are read, and characters of an error type that are kept.</summary>
    private const int MostBytes = 64 << 10, MostTypeLength = 64;

    /// <summary>The answer was not complete within --timeout.</summary>
    public static LoadError Timeout { get; } = new(null, "timeout");

    /// <summary>No connection could be made.</summary>
    public static LoadError Connect { get; } = new(null, "connect");

    /// <summary>The connection ended before the answer did.</summary>
    public static LoadError Broken { get; } = new(null, "broken");

    /// <summary>The response is not a stream of chat chunks.</summary>
    public static LoadError BadAnswer { get; } = new(null, "bad_answer");

    /// <summary>The request was never sent: --max-in-flight requests were in flight.</summary>
    public static LoadError NotSent { get; } = new(null, "not_sent");

    /// <summary>An error inside a stream that began without one.</summary>
    /// <param name="type">The member <c>type</c> of the error's event, as the server spells it.</param>
    public static LoadError InStream(string type) => new(null, $"stream: {type}");

    /// <summary>Readable text: "429 rate_limit_error".</summary>
    public override string ToString() => Status is { } status ? $"{status} {Type}" : Type;

    /// <summary>The error of a response whose status is not a success.</summary>
    /// <param name="response">Its status and the first bytes of its body are read; the caller disposes of it.</param>
    /// <param name="cancellation">Ends the reading of its body.</param>
    public static async Task<LoadError> OfAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        byte[] body = new byte[MostBytes];
        using Stream stream = await response.Content.ReadAsStreamAsync(cancellation);
        int length = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellation);
        return new LoadError((int)response.StatusCode, TypeIn(body.AsMemory(0, length)) ?? "");
    }

    /// <summary>The type in <c>{"error": {"type": ...}}</c>, or the text in <c>{"error": "..."}</c>; null if there is neither.</summary>
    private static string? TypeIn(ReadOnlyMemory<byte> body)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(body);
            return TypeIn(json.RootElement);
        }
        catch (JsonException)
        {
            return null; // a page of some proxy, for instance
        }
    }

    /// <summary>Like the overload for bytes, for parsed JSON; replaces characters that are unsafe on a terminal.</summary>
    public static string? TypeIn(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("error", out JsonElement error)) return null;
        if (error.ValueKind == JsonValueKind.Object && !error.TryGetProperty("type", out error)) return "error";
        if (error.ValueKind != JsonValueKind.String) return "error";
        var text = new StringBuilder();
        foreach (char c in error.GetString()!)
            if (text.Length < MostTypeLength) text.Append(c is >= ' ' and <= '~' ? c : '?');
        return text.ToString();
    }
}
