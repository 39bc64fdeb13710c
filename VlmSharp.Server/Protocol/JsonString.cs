using System.Text;
using System.Text.Json;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Pictures;

namespace VlmSharp.Server.Protocol;

/// <summary>The position of a string in a body, as it was sent: nothing is decoded before it is needed.</summary>
/// <param name="Start">Start of the string's characters.</param>
/// <param name="Length">In bytes.</param>
/// <param name="IsEscaped">Whether it contains escapes.</param>
/// <param name="Param">The name of the member, for messages.</param>
internal readonly record struct JsonString(int Start, int Length, bool IsEscaped, string Param)
{
    private const int LongestAddress = 8192;

    /// <summary>Takes note of a string.</summary>
    /// <param name="json">The reader of the body, on the string.</param>
    /// <param name="param">What errors call the member, for instance <c>messages[0].content</c>.</param>
    public static JsonString Of(ref Utf8JsonReader json, string param) => json.TokenType == JsonTokenType.String
        ? new JsonString((int)json.TokenStartIndex + 1, json.ValueSpan.Length, json.ValueIsEscaped, param)
        : throw JsonValues.Wrong(param, "a text");

    /// <summary>Its characters.</summary>
    /// <param name="body">The same body that the string was found in.</param>
    /// <param name="most">The most characters.</param>
    public string Text(ReadOnlySpan<byte> body, int most)
    {
        var json = new Utf8JsonReader(body.Slice(Start - 1, Length + 2));
        json.Read();
        return JsonValues.Text(ref json, Param, most)!;
    }

    /// <summary>The bytes of a data URI, which is no <see cref="Address"/>.</summary>
    /// <param name="body">The same body that the string was found in.</param>
    /// <param name="most">The most bytes.</param>
    public byte[] DataBytes(ReadOnlySpan<byte> body, int most)
    {
        ReadOnlySpan<byte> text = IsEscaped ? Unescaped(body) : body.Slice(Start, Length);
        return DataUri.Is(text)
            ? DataUri.Decode(text, most)
            : throw ApiException.Invalid(
                $"{Param} is neither a data URI nor an address: send data:image/png;base64, and the picture's bytes.",
                Param,
                "invalid_image_url");
    }

    /// <summary>The address; null of a data URI, and of a text that is too long for an address.</summary>
    /// <param name="body">The same body that the string was found in.</param>
    public string? Address(ReadOnlySpan<byte> body) =>
        Length <= LongestAddress && Text(body, LongestAddress) is var text && !DataUri.Is(Encoding.UTF8.GetBytes(text)) ? text : null;

    /// <summary>Some writers escape the slashes of base64.</summary>
    private byte[] Unescaped(ReadOnlySpan<byte> body)
    {
        var json = new Utf8JsonReader(body.Slice(Start - 1, Length + 2));
        json.Read();
        var text = new byte[Length];
        try
        {
            Array.Resize(ref text, json.CopyString(text));
            return text;
        }
        catch (InvalidOperationException)
        {
            throw ApiException.Invalid($"{Param} holds half of a surrogate pair, which is no text.", Param, "invalid_text");
        }
    }
}
