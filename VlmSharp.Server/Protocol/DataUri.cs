using System.Buffers;
using System.Buffers.Text;
using System.Text;
using VlmSharp.Server.Errors;

namespace VlmSharp.Server.Protocol;

/// <summary>Data URIs (RFC 2397) with base64, read from UTF-8 as it stands in a body: the picture's bytes are the only copy.</summary>
internal static class DataUri
{
    private static readonly SearchValues<byte> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="u8);

    /// <summary>Whether a text is one.</summary>
    public static bool Is(ReadOnlySpan<byte> text) => text.Length >= 5 && Ascii.EqualsIgnoreCase(text[..5], "data:"u8);

    /// <summary>The bytes in it. What they are is found out from them, not from the media type.</summary>
    /// <param name="uri">The URI, UTF-8.</param>
    /// <param name="param">The member that it is, for messages.</param>
    /// <exception cref="ApiException">It is not base64, or not well formed.</exception>
    public static byte[] Decode(ReadOnlySpan<byte> uri, string param)
    {
        int comma = uri.IndexOf((byte)',');
        if (comma < 0 || comma > 256 || !EndsWithBase64(uri[..comma])) throw Invalid(param, "does not begin as data:image/png;base64, does");
        ReadOnlySpan<byte> text = uri[(comma + 1)..];
        if (text.IsEmpty) throw Invalid(param, "has no bytes");
        if (text.Length % 4 != 0 || text.ContainsAnyExcept(Alphabet)) throw Invalid(param, "is not base64 with its padding: letters, digits, + and / without spaces");
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        if (Base64.DecodeFromUtf8(text, bytes, out int read, out int written) != OperationStatus.Done || read != text.Length) throw Invalid(param, "is not base64 with its padding");
        Array.Resize(ref bytes, written);
        return bytes;
    }

    private static bool EndsWithBase64(ReadOnlySpan<byte> head)
    {
        ReadOnlySpan<byte> mark = ";base64"u8;
        return head.Length >= 5 + mark.Length && Ascii.EqualsIgnoreCase(head[^mark.Length..], mark);
    }

    private static ApiException Invalid(string param, string what) => ApiException.Invalid($"The data URI of {param} {what}.", param, "invalid_data_uri");
}
