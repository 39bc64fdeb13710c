using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace VlmSharp.Server.Errors;

/// <summary>
/// OpenAI's error format: <c>{"error": {"message": ..., "type": ..., "param": ..., "code": ...}}</c>, always with all four members.
/// </summary>
internal static class ErrorBody
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The whole body, UTF-8.</summary>
    public static byte[] Of(ApiException error)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            Write(json, error);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Writes the member <c>error</c> into an object that is open.</summary>
    public static void Write(Utf8JsonWriter json, ApiException error)
    {
        json.WriteStartObject("error");
        json.WriteString("message", error.Message);
        json.WriteString("type", error.Type);
        json.WriteString("param", error.Param);
        json.WriteString("code", error.Code);
        json.WriteEndObject();
    }
}
