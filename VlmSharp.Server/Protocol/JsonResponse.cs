using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace VlmSharp.Server.Protocol;

/// <summary>An answer that is one JSON value.</summary>
internal static class JsonResponse
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Sends it.</summary>
    /// <param name="response">Its status is set already, and nothing of it was sent.</param>
    /// <param name="write">Writes the value.</param>
    /// <param name="cancellationToken">Ends the waiting for a client that does not read.</param>
    public static async Task WriteAsync(HttpResponse response, Action<Utf8JsonWriter> write, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> value = Render(write);
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = value.Length;
        await response.Body.WriteAsync(value, cancellationToken);
    }

    /// <summary>A value as it is sent, UTF-8.</summary>
    /// <param name="write">Writes the value.</param>
    public static ReadOnlyMemory<byte> Render(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Options)) write(json);
        return buffer.WrittenMemory;
    }
}
