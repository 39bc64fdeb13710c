using System.Text.Json;
using Microsoft.AspNetCore.Http;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Protocol;

/// <summary>A request's body in memory: never more than the limit, and only when there is room for it next to all others.</summary>
internal static class RequestBody
{
    private const int FirstBlock = 64 << 10;

    /// <summary>Reads a body of JSON to its end.</summary>
    /// <param name="call">The HTTP request; its headers must say JSON.</param>
    /// <returns>UTF-8.</returns>
    /// <exception cref="ApiException">It is of another type, or empty.</exception>
    /// <exception cref="BadHttpRequestException">It is too large, or comes too slowly.</exception>
    public static async Task<ReadOnlyMemory<byte>> ReadJsonAsync(ApiCall call)
    {
        if (!IsJson(call.Http.Request.ContentType)) throw ApiException.UnsupportedMediaType();
        ReadOnlyMemory<byte> body = await ReadAsync(call);
        return body.Length > 0 ? body : throw ApiException.Invalid("The body is empty: send a JSON object.");
    }

    /// <summary>Reads a body to its end, when there is room for it. It takes the memory that was reserved for it, and no copy.</summary>
    /// <param name="call">The HTTP request; the body's memory counts as its own until it ends.</param>
    /// <exception cref="BadHttpRequestException">It is larger than the limit, or comes too slowly.</exception>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(ApiCall call)
    {
        HttpRequest request = call.Http.Request;
        long limit = call.Limits.MaxBodyBytes;
        var body = new LimitedBody(request, limit);
        await call.ReserveAsync(Math.Max(request.ContentLength ?? limit, 1));
        var buffer = new byte[request.ContentLength ?? Math.Min(FirstBlock, limit)];
        int length = 0;
        while (await body.ReadAsync(buffer.AsMemory(length), call.Token) is var read and > 0)
        {
            length += read;
            if (length < buffer.Length) continue;
            if (length == request.ContentLength) break;
            // The size of a chunked body is unknown. One byte more than the limit lets a body of exactly the limit reach its end.
            Array.Resize(ref buffer, (int)limit + 1);
        }

        return buffer.AsMemory(0, length);
    }

    /// <summary>Turns an error of the JSON reader into an error for the client, without any part of the body.</summary>
    public static ApiException NotJson(JsonException e) =>
        ApiException.Invalid(
            $"The body is not the JSON that is expected, at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: send one object.",
            code: "invalid_json");

    private static bool IsJson(string? type)
    {
        string media = (type ?? "").Split(';', 2)[0].Trim();
        return media.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || media.EndsWith("+json", StringComparison.OrdinalIgnoreCase);
    }
}
