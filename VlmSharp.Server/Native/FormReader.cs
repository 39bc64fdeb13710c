using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Native;

/// <summary>A form field that is not a file, as JSON: a text becomes a JSON string, everything else is JSON already.</summary>
/// <param name="Name">The member that the field stands for.</param>
/// <param name="Json">Its value.</param>
internal sealed record FormField(string Name, ReadOnlyMemory<byte> Json);

/// <summary>
/// Reads multipart/form-data (RFC 7578; parts as in RFC 2046, section 5.1) in place. Files are ranges of the body: a form takes no more
/// memory than its body, and no temporary files.
/// </summary>
internal static class FormReader
{
    private const int MostParts = 512, MostHeaderBytes = 8192, LongestBoundary = 128, LongestName = 64;

    /// <summary>Whether a request is a form.</summary>
    public static bool IsForm(HttpRequest request) =>
        (request.ContentType ?? "").StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads a form to its end.</summary>
    /// <param name="call">The request, whose headers have the boundary.</param>
    public static async Task<(List<FormField> Fields, Attachments Files)> ReadAsync(ApiCall call)
    {
        string boundary = BoundaryOf(call.Http.Request.ContentType);
        return Read(await RequestBody.ReadAsync(call), boundary, call.Limits);
    }

    /// <summary>Reads a form.</summary>
    /// <param name="body">The whole form; files stay ranges of it.</param>
    /// <param name="boundary">The separator of its parts, after two hyphens.</param>
    /// <param name="limits">The limits of a request.</param>
    /// <exception cref="ApiException">It is damaged.</exception>
    public static (List<FormField> Fields, Attachments Files) Read(ReadOnlyMemory<byte> body, string boundary, RequestLimits limits)
    {
        byte[] delimiter = Encoding.ASCII.GetBytes($"\r\n--{boundary}");
        var fields = new List<FormField>();
        var files = new Attachments();
        ReadOnlyMemory<byte> rest = AfterPreamble(body, delimiter);
        for (int parts = 0; NextPart(ref rest, delimiter, out ReadOnlyMemory<byte> headers, out ReadOnlyMemory<byte> content); parts++)
        {
            if (parts == MostParts) throw Invalid($"has more than {MostParts} parts");
            (string name, bool isFile) = NameOf(headers.Span);
            if (name.Length > LongestName) throw Invalid($"has a name of more than {LongestName} characters");
            if (isFile) files.Add(name, content);
            else if (fields.Exists(f => f.Name == name)) throw Invalid("has a field twice");
            else fields.Add(new FormField(name, NativeMembers.IsText(name) ? Quoted(content.Span, name, limits) : content));
        }

        return (fields, files);
    }

    /// <summary>
    /// The rest after the first delimiter. Any text may precede it; if the body begins with it, its line break is missing.
    /// </summary>
    private static ReadOnlyMemory<byte> AfterPreamble(ReadOnlyMemory<byte> body, ReadOnlySpan<byte> delimiter)
    {
        if (body.Span.StartsWith(delimiter[2..])) return body[(delimiter.Length - 2)..];
        int at = body.Span.IndexOf(delimiter);
        return at >= 0 ? body[(at + delimiter.Length)..] : throw Damaged();
    }

    /// <summary>Moves to the next part, or past the last one.</summary>
    /// <param name="rest">Before: the text after a delimiter. Afterwards: the text after the part's closing delimiter.</param>
    /// <param name="delimiter">A line break, two hyphens and the boundary.</param>
    /// <param name="headers">The part's headers, without the empty line after them.</param>
    /// <param name="content">What is behind the headers, up to the delimiter: a range of the body.</param>
    private static bool NextPart(
        ref ReadOnlyMemory<byte> rest, ReadOnlySpan<byte> delimiter, out ReadOnlyMemory<byte> headers, out ReadOnlyMemory<byte> content)
    {
        headers = content = default;
        if (rest.Span.StartsWith("--"u8)) return false;
        int line = rest.Span.IndexOf("\r\n"u8);
        if (line < 0 || rest.Span[..line].ContainsAnyExcept(" \t"u8)) throw Damaged(); // mail programs pad lines
        rest = rest[line..];
        int end = rest.Span[..Math.Min(rest.Length, MostHeaderBytes)].IndexOf("\r\n\r\n"u8);
        if (end < 0) throw Damaged();
        headers = rest[..end];
        rest = rest[(end + 4)..];
        int next = rest.Span.IndexOf(delimiter);
        if (next < 0) throw Damaged();
        content = rest[..next];
        rest = rest[(next + delimiter.Length)..];
        return true;
    }

    /// <summary>
    /// A part's name, and whether it is a file. The parameters are read as they are: the properties of the header's type decode name*
    /// (which RFC 7578, section 4.2, does not use) and throw if a client names a character set that .NET refuses.
    /// </summary>
    private static (string Name, bool IsFile) NameOf(ReadOnlySpan<byte> headers)
    {
        foreach (string line in Encoding.UTF8.GetString(headers).Split("\r\n"))
        {
            const string Header = "Content-Disposition:";
            if (!line.StartsWith(Header, StringComparison.OrdinalIgnoreCase)) continue;
            if (!ContentDispositionHeaderValue.TryParse(line[Header.Length..].Trim(), out ContentDispositionHeaderValue? value)) continue;
            if (Find(value, "name") is not { } name) continue;
            return (name, Find(value, "filename") is not null || Find(value, "filename*") is not null);
        }

        throw Invalid("has a part without a name");

        static string? Find(ContentDispositionHeaderValue value, string parameter)
        {
            foreach (NameValueHeaderValue one in value.Parameters)
                if (one.Name.Equals(parameter, StringComparison.OrdinalIgnoreCase)) return HeaderUtilities.RemoveQuotes(one.Value).Value;
            return null;
        }
    }

    private static string BoundaryOf(string? contentType)
    {
        string? boundary = MediaTypeHeaderValue.TryParse(contentType, out MediaTypeHeaderValue? type)
            ? HeaderUtilities.RemoveQuotes(type.Boundary).Value
            : null;
        return boundary is { Length: > 0 and <= LongestBoundary } && Ascii.IsValid(boundary)
            ? boundary
            : throw Invalid($"names no boundary of up to {LongestBoundary} ASCII characters");
    }

    private static byte[] Quoted(ReadOnlySpan<byte> text, string name, RequestLimits limits)
    {
        if (text.Length > 4L * limits.MaxPromptCharacters)
            throw ApiException.Invalid(
                $"{name} has more than {limits.MaxPromptCharacters} characters: shorten it.", name, "string_above_max_length");
        // the writer would put other characters in its place
        if (!Utf8.IsValid(text)) throw ApiException.Invalid($"{name} is no text: send UTF-8.", name, "invalid_text");
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream)) json.WriteStringValue(text);
        return stream.ToArray();
    }

    private static ApiException Damaged() => Invalid("is damaged");

    private static ApiException Invalid(string what) =>
        ApiException.Invalid($"The form {what}: send multipart/form-data with a file named image.", code: "invalid_form");
}
