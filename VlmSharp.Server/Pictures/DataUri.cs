using System.Buffers;
using System.Buffers.Text;
using System.Text;
using VlmSharp.Server.Errors;

namespace VlmSharp.Server.Pictures;

/// <summary>
/// Reads <c>data:image/png;base64,...</c> (RFC 2397) strictly: the alphabet of RFC 4648 section 4 with nothing between its characters,
/// whole groups of four, padding only at the end, and no bits left over, so that one file has exactly one text. Percent-encoded data are
/// refused. The media type is ignored: the file's own first bytes give its format.
/// </summary>
internal static class DataUri
{
    private const string Marker = ";base64", Example = "data:image/jpeg;base64,...";

    /// <summary>Maximum length of the media type with its parameters.</summary>
    private const int LongestHead = 200;

    private static readonly SearchValues<byte> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"u8);

    private static ReadOnlySpan<byte> Scheme => "data:"u8;

    /// <summary>Whether the text begins as a data URI does.</summary>
    public static bool Is(ReadOnlySpan<byte> text) => text.Length >= Scheme.Length && Ascii.EqualsIgnoreCase(text[..Scheme.Length], Scheme);

    /// <summary>
    /// The bytes of a data URI, decoded from the body without another copy. Memory is allocated only after the whole text is checked.
    /// </summary>
    /// <param name="uri">The text in UTF-8; <see cref="Is"/> must be true for it.</param>
    /// <param name="most">The most bytes.</param>
    /// <exception cref="ApiException">400, or 413 for more bytes than that.</exception>
    public static byte[] Decode(ReadOnlySpan<byte> uri, int most)
    {
        int comma = uri[..Math.Min(uri.Length, LongestHead)].IndexOf((byte)',');
        if (comma < 0)
            throw Invalid($"no comma in its first {LongestHead} characters");
        if (comma < Marker.Length || !Ascii.EqualsIgnoreCase(uri[(comma - Marker.Length)..comma], Marker))
            throw Invalid($"no {Marker} before its comma: the form with percent signs is not read");
        ReadOnlySpan<byte> text = uri[(comma + 1)..];
        if (text.IsEmpty)
            throw Invalid("nothing after its comma");
        if (text.Length / 4L * 3 > most + 2L)
            throw PictureErrors.TooManyBytes(most);

        ReadOnlySpan<byte> symbols = text.TrimEnd((byte)'=');
        int padding = text.Length - symbols.Length;
        if (symbols.IndexOfAnyExcept(Alphabet) is var at and >= 0)
            throw Invalid($"{Describe((char)symbols[at])} at place {at} of its base64");
        if (text.Length % 4 != 0 || padding > 2)
            throw Invalid("base64 whose length with its padding (=) is not a multiple of 4, so part of it is missing");
        int bytes = text.Length / 4 * 3 - padding;
        if (bytes > most)
            throw PictureErrors.TooManyBytes(most);
        if (padding > 0 && (ValueOf((char)symbols[^1]) & (padding == 1 ? 0b11 : 0b1111)) != 0)
            throw Invalid("base64 whose last character has bits that belong to no byte, so it was changed or cut");

        byte[] result = new byte[bytes];
        return Base64.DecodeFromUtf8(text, result, out _, out int written) == OperationStatus.Done && written == bytes
            ? result
            : throw Invalid("base64 that cannot be read");
    }

    // The six bits of a character of the alphabet.
    private static int ValueOf(char symbol) => symbol switch
    {
        >= 'A' and <= 'Z' => symbol - 'A',
        >= 'a' and <= 'z' => symbol - 'a' + 26,
        >= '0' and <= '9' => symbol - '0' + 52,
        '+' => 62,
        _ => 63,
    };

    private static string Describe(char symbol) => symbol switch
    {
        '\r' or '\n' or ' ' or '\t' => "white space (write it on one line, for instance with base64 -w0)",
        '-' or '_' => "a character of base64url (use + and / instead of - and _)",
        '%' => "a percent sign (nothing may be escaped)",
        '=' => "padding",
        _ => "a character that is not of the base64 alphabet",
    };

    private static ApiException Invalid(string what) =>
        PictureErrors.Invalid($"The image's data URI has {what}; it must look like {Example}");
}
