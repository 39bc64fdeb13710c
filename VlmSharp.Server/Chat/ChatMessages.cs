using System.Text.Json;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Chat;

/// <summary>
/// Turns a chat into a prompt for a model without memory: the text of the last user message is the prompt, word for word, with its
/// pictures.
/// If it has no pictures, those of the latest earlier message with pictures are used, because people ask further questions about a picture.
/// All other turns are dropped, and system text is ignored.
/// </summary>
internal static class ChatMessages
{
    /// <summary>Reads the messages.</summary>
    public static void Read(ref Utf8JsonReader json, ChatRequest request, RequestLimits limits)
    {
        if (json.TokenType != JsonTokenType.StartArray) throw JsonValues.Wrong("messages", "an array of messages");
        Content? last = null, withPictures = null;
        int number = 0;
        while (JsonValues.NextItem(ref json))
        {
            if (number == limits.MaxMessages)
                throw ApiException.Invalid(
                    $"messages has more than {limits.MaxMessages} messages: leave out the oldest.", "messages", "too_many_messages");
            string param = $"messages[{number++}]";
            JsonValues.BeginObject(ref json, param);
            switch (RoleOf(json, param))
            {
                case "user":
                    last = ReadUser(ref json, param, limits.MaxParts);
                    if (last.Pictures.Count > 0) withPictures = last;
                    break;
                case "system" or "developer":
                    request.HasSystem = true;
                    json.Skip();
                    break;
                case "assistant": json.Skip(); break;
                case "tool" or "function":
                    throw ApiException.Invalid(
                        $"{param} is a tool's, and the model calls no tools: leave it out.", $"{param}.role", "unsupported_value");
                default:
                    throw ApiException.Invalid(
                        $"{param}.role is none of user, assistant and system: give one of them.", $"{param}.role", "invalid_value");
            }
        }

        if (last is null)
            throw ApiException.Invalid(
                "The chat has no user message: send one with a picture and a prompt.", "messages", "missing_user_message");
        request.Texts = last.Texts;
        request.Pictures = withPictures?.Pictures ?? [];
    }

    /// <summary>Looks ahead, because the role may come after the content.</summary>
    /// <param name="json">A copy of the reader, on the message's beginning.</param>
    /// <param name="param">What errors call the message, for instance <c>messages[0]</c>.</param>
    private static string RoleOf(Utf8JsonReader json, string param)
    {
        string? role = null;
        while (JsonValues.NextMember(ref json, out string name))
        {
            if (name == "role")
                role = role is not null ? throw JsonValues.Twice($"{param}.role") : JsonValues.Text(ref json, $"{param}.role", 32);
            else json.Skip();
        }

        return role ?? throw ApiException.Invalid($"{param} has no role: give user.", $"{param}.role", "missing_required_parameter");
    }

    private static Content ReadUser(ref Utf8JsonReader json, string message, int most)
    {
        var content = new Content();
        bool isThere = false;
        while (JsonValues.NextMember(ref json, out string name))
        {
            if (name != "content")
            {
                json.Skip(); // its role, and a name of the one who speaks
                continue;
            }

            string param = $"{message}.content";
            if (isThere) throw JsonValues.Twice(param);
            isThere = true;
            if (json.TokenType == JsonTokenType.String) content.Texts.Add(JsonString.Of(ref json, param));
            else if (json.TokenType == JsonTokenType.StartArray) ReadParts(ref json, param, content, most);
            else throw JsonValues.Wrong(param, "a text or an array of parts");
        }

        return isThere
            ? content
            : throw ApiException.Invalid(
                $"{message} has no content: give a text, or parts of text and pictures.",
                $"{message}.content",
                "missing_required_parameter");
    }

    private static void ReadParts(ref Utf8JsonReader json, string content, Content into, int most)
    {
        for (int i = 0; JsonValues.NextItem(ref json); i++)
        {
            if (i == most) throw ApiException.Invalid($"{content} has more than {most} parts: join its texts.", content, "too_many_parts");
            ReadPart(ref json, $"{content}[{i}]", into);
        }
    }

    /// <summary>A part: <c>{"type": "text", "text": ...}</c> or <c>{"type": "image_url", "image_url": {"url": ...}}</c>.</summary>
    private static void ReadPart(ref Utf8JsonReader json, string part, Content into)
    {
        JsonValues.BeginObject(ref json, part);
        string? type = null;
        JsonString? text = null, picture = null;
        while (JsonValues.NextMember(ref json, out string name))
        {
            switch (name)
            {
                case "type" when type is not null:
                case "text" when text is not null:
                case "image_url" when picture is not null:
                    throw JsonValues.Twice($"{part}.{name}");
                case "type": type = JsonValues.Text(ref json, $"{part}.type", 64); break;
                case "text" when json.TokenType != JsonTokenType.Null: text = JsonString.Of(ref json, $"{part}.text"); break;
                case "image_url" when json.TokenType != JsonTokenType.Null: picture = ReadUrl(ref json, $"{part}.image_url"); break;
                default: json.Skip(); break;
            }
        }

        switch (type)
        {
            case "text":
                into.Texts.Add(text ?? throw ApiException.Invalid($"{part} has no text.", $"{part}.text", "missing_required_parameter"));
                break;
            case "image_url":
                into.Pictures.Add(
                    picture ?? throw ApiException.Invalid($"{part} has no image_url.", $"{part}.image_url", "missing_required_parameter"));
                break;
            default:
                throw ApiException.Invalid(
                    $"{part}.type is neither text nor image_url: the model takes nothing else.", $"{part}.type", "unsupported_value");
        }
    }

    /// <summary>The address of a picture. The requested detail is ignored: the model has one input size.</summary>
    private static JsonString? ReadUrl(ref Utf8JsonReader json, string param)
    {
        if (json.TokenType == JsonTokenType.String) return JsonString.Of(ref json, param);
        JsonValues.BeginObject(ref json, param);
        JsonString? url = null;
        while (JsonValues.NextMember(ref json, out string name))
        {
            if (name == "url") url = url is not null ? throw JsonValues.Twice($"{param}.url") : JsonString.Of(ref json, $"{param}.url");
            else json.Skip();
        }

        return url ?? throw ApiException.Invalid($"{param} has no url.", $"{param}.url", "missing_required_parameter");
    }

    /// <summary>What a message says and shows.</summary>
    private sealed class Content
    {
        public List<JsonString> Texts { get; } = [];

        public List<JsonString> Pictures { get; } = [];
    }
}
