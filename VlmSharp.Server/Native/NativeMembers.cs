using System.Text.Json;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;
using VlmSharp.Tasks;

namespace VlmSharp.Server.Native;

/// <summary>Reads the members of a native request, from JSON or from the fields of a form.</summary>
internal static class NativeMembers
{
    private const string AttachmentScheme = "attachment:";
    private const int LongestWord = 256, LongestName = 64, MostThings = 64;

    /// <summary>Reads an object's members.</summary>
    /// <param name="json">On the object.</param>
    /// <param name="request">Receives them.</param>
    /// <param name="source">The whole body, which positions in the reader refer to.</param>
    /// <param name="files">The files beside it.</param>
    /// <param name="limits">What may be asked for.</param>
    /// <param name="isItem">Whether it is one of a batch, which says its task.</param>
    public static void ReadObject(
        ref Utf8JsonReader json,
        NativeRequest request,
        ReadOnlyMemory<byte> source,
        Attachments files,
        RequestLimits limits,
        bool isItem = false)
    {
        JsonValues.BeginObject(ref json, isItem ? "requests" : null);
        var seen = new HashSet<string>();
        while (JsonValues.NextMember(ref json, seen, out string name))
        {
            if (name == "image") ReadImages(ref json, request, source, files, limits.MaxPictures);
            else if (name == "task" && isItem) request.Kind = Kind(JsonValues.Text(ref json, name, LongestName));
            else if (!TryRead(ref json, name, request, limits))
                throw ApiException.Invalid(
                    $"There is no member {name} here: the page /docs lists those there are.", name, "unknown_parameter");
        }
    }

    /// <summary>Reads a member that is no picture.</summary>
    /// <returns>Whether there is such a member.</returns>
    public static bool TryRead(ref Utf8JsonReader json, string name, NativeRequest request, RequestLimits limits)
    {
        switch (name)
        {
            case "model": request.Model = JsonValues.Text(ref json, name, LongestWord); break;
            case "language": request.Language = JsonValues.Text(ref json, name, LongestName); break;
            case "question": request.Question = JsonValues.Text(ref json, name, limits.MaxPromptCharacters); break;
            case "prompt": request.Prompt = JsonValues.Text(ref json, name, limits.MaxPromptCharacters); break;
            case "things": request.Things = JsonValues.Texts(ref json, name, MostThings, limits.MaxPromptCharacters / MostThings); break;
            case "any_label": request.AnyLabel = JsonValues.Flag(ref json, name) ?? false; break;
            case "mask_format": request.WantsPng = IsPng(JsonValues.Text(ref json, name, LongestName)); break;
            case "stream": request.Streams = JsonValues.Flag(ref json, name) ?? false; break;
            default: return request.Sampling.TryRead(ref json, name);
        }

        return true;
    }

    /// <summary>Whether a field's text is the value itself; otherwise it is JSON.</summary>
    public static bool IsText(string name) =>
        name is "model" or "language" or "question" or "prompt" or "things" or "mask_format" or "stop";

    private static void ReadImages(ref Utf8JsonReader json, NativeRequest request, ReadOnlyMemory<byte> source, Attachments files, int most)
    {
        if (json.TokenType != JsonTokenType.StartArray)
        {
            request.Pictures.Add(Picture(ref json, source, files));
            return;
        }

        while (JsonValues.NextItem(ref json))
        {
            if (request.Pictures.Count == most)
                throw ApiException.Invalid(
                    $"image has more than {most} pictures, this server's limit: send fewer at once.", "image", "too_many_images");
            request.Pictures.Add(Picture(ref json, source, files));
        }
    }

    /// <summary>A URI, or the name of a file sent with the JSON.</summary>
    private static GivenPicture Picture(ref Utf8JsonReader json, ReadOnlyMemory<byte> source, Attachments files)
    {
        JsonString text = JsonString.Of(ref json, "image");
        if (!json.ValueSpan.StartsWith("attachment:"u8)) return new GivenPicture(source, text);
        string name = text.Text(source.Span, LongestWord)[AttachmentScheme.Length..];
        return new GivenPicture(
            files.Find(name) ?? throw ApiException.Invalid(
                "image names an attachment that the form does not have: give the name of its field.", "image", "missing_attachment"),
            null);
    }

    private static TaskKind Kind(string? name) => name switch
    {
        "caption" => TaskKind.Caption,
        "ask" => TaskKind.Ask,
        "detect" => TaskKind.Detect,
        "segment" => TaskKind.Segment,
        _ => throw ApiException.Invalid("task is none of caption, ask, detect and segment: give one of them.", "task", "invalid_value"),
    };

    private static bool IsPng(string? name) => name switch
    {
        null or "rle" => false,
        "png" => true,
        _ => throw ApiException.Invalid("mask_format is neither rle nor png: give one of them.", "mask_format", "invalid_value"),
    };
}
