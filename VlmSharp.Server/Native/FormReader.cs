using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Native;

/// <summary>A field of a form that is no file, as JSON: a text becomes a JSON string, all else is JSON as it stands.</summary>
/// <param name="Name">The field.</param>
/// <param name="Json">Its value.</param>
internal sealed record FormField(string Name, byte[] Json);

/// <summary>Reads multipart/form-data (RFC 7578) into memory, within the body's limit and nowhere else: no temporary files.</summary>
internal static class FormReader
{
    private const int MostParts = 512, MostHeaders = 16, MostHeaderBytes = 8192, LongestBoundary = 128;

    /// <summary>Whether a request is a form.</summary>
    public static bool IsForm(HttpRequest request) => (request.ContentType ?? "").StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads a form to its end.</summary>
    /// <param name="call">The request.</param>
    public static async Task<(List<FormField> Fields, Attachments Files)> ReadAsync(ApiCall call)
    {
        var reader = new MultipartReader(BoundaryOf(call.Http.Request), call.Http.Request.Body) { HeadersCountLimit = MostHeaders, HeadersLengthLimit = MostHeaderBytes, BodyLengthLimit = call.Limits.MaxBodyBytes };
        await RequestBody.ReserveAsync(call);
        var fields = new List<FormField>();
        var files = new Attachments();
        try
        {
            for (int parts = 0; await reader.ReadNextSectionAsync(call.Token) is { } section; parts++)
            {
                if (parts == MostParts) throw Invalid($"has more than {MostParts} parts");
                if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out ContentDispositionHeaderValue? disposition) || !disposition.Name.HasValue) throw Invalid("has a part without a name");
                string name = HeaderUtilities.RemoveQuotes(disposition.Name).Value!;
                using var content = new MemoryStream();
                await section.Body.CopyToAsync(content, call.Token);
                ReadOnlyMemory<byte> bytes = content.GetBuffer().AsMemory(0, (int)content.Length);
                if (disposition.FileName.HasValue || disposition.FileNameStar.HasValue) files.Add(name, bytes);
                else fields.Add(new FormField(name, NativeMembers.IsText(name) ? Quoted(bytes.Span, name, call.Limits) : bytes.ToArray()));
            }
        }
        catch (Exception e) when (e is InvalidDataException || (e is IOException and not BadHttpRequestException && !call.Token.IsCancellationRequested))
        {
            throw Invalid("is damaged");
        }

        return (fields, files);
    }

    private static string BoundaryOf(HttpRequest request)
    {
        string? boundary = MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type) ? HeaderUtilities.RemoveQuotes(type.Boundary).Value : null;
        return boundary is { Length: > 0 and <= LongestBoundary } ? boundary : throw Invalid("names no boundary of up to 128 characters");
    }

    private static byte[] Quoted(ReadOnlySpan<byte> text, string name, RequestLimits limits)
    {
        if (text.Length > 4L * limits.MaxPromptCharacters) throw ApiException.Invalid($"{name} has more than {limits.MaxPromptCharacters} characters: shorten it.", name, "string_above_max_length");
        using var stream = new MemoryStream();
        try
        {
            using (var json = new Utf8JsonWriter(stream)) json.WriteStringValue(text);
        }
        catch (ArgumentException)
        {
            throw ApiException.Invalid($"{name} is no text: send UTF-8.", name, "invalid_text");
        }

        return stream.ToArray();
    }

    private static ApiException Invalid(string what) => ApiException.Invalid($"The form {what}: send multipart/form-data with a file named image.", code: "invalid_form");
}
