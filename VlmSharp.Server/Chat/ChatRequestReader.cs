using System.Text;
using System.Text.Json;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Chat;

/// <summary>Reads the body of a chat request, member by member, in the order in which they stand.</summary>
internal static class ChatRequestReader
{
    private const int LongestName = 256, LongestHarmless = 64;

    /// <summary>Reads a body.</summary>
    /// <param name="body">UTF-8.</param>
    /// <param name="limits">The limits of a request.</param>
    /// <exception cref="ApiException">It is not a chat request, or asks for something unsupported.</exception>
    public static ChatRequest Read(ReadOnlySpan<byte> body, RequestLimits limits)
    {
        var json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = limits.MaxJsonDepth });
        try
        {
            json.Read();
            ChatRequest request = ReadObject(ref json, body, limits);
            json.Read(); // nothing may follow
            return request;
        }
        catch (JsonException e)
        {
            throw RequestBody.NotJson(e);
        }
    }

    private static ChatRequest ReadObject(ref Utf8JsonReader json, ReadOnlySpan<byte> body, RequestLimits limits)
    {
        JsonValues.BeginObject(ref json, null);
        var request = new ChatRequest(new SamplingMembers(limits));
        bool hasMessages = false;
        int? top = null;
        var seen = new HashSet<string>();
        while (JsonValues.NextMember(ref json, seen, out string name))
        {
            switch (name)
            {
                case "model": request.Model = JsonValues.Text(ref json, name, LongestName); break;
                case "messages":
                    ChatMessages.Read(ref json, request, limits);
                    hasMessages = true;
                    break;
                case "n": request.Choices = JsonValues.Count(ref json, name, 1, limits.MaxChoices) ?? 1; break;
                case "stream": request.Streams = JsonValues.Flag(ref json, name) ?? false; break;
                case "stream_options": ReadStreamOptions(ref json, request); break;
                case "logprobs": request.WantsLogProbabilities = JsonValues.Flag(ref json, name) ?? false; break;
                case "top_logprobs": top = JsonValues.Count(ref json, name, 0, limits.MaxTopLogProbabilities); break;
                default:
                    if (!request.Sampling.TryRead(ref json, name)) PassOver(ref json, name, body);
                    break;
            }
        }

        if (!hasMessages)
            throw ApiException.Invalid(
                "messages is missing: send the pictures and the prompt in a user message.", "messages", "missing_required_parameter");
        if (top is > 0 && !request.WantsLogProbabilities)
            throw ApiException.Invalid("top_logprobs needs logprobs: set it to true.", "top_logprobs");
        request.TopLogProbabilities = top ?? 0;
        return request;
    }

    private static void ReadStreamOptions(ref Utf8JsonReader json, ChatRequest request)
    {
        if (json.TokenType == JsonTokenType.Null) return;
        JsonValues.BeginObject(ref json, "stream_options");
        while (JsonValues.NextMember(ref json, out string name))
        {
            if (name == "include_usage") request.IncludesUsage = JsonValues.Flag(ref json, "stream_options.include_usage") ?? false;
            else if (name == "include_obfuscation") json.Skip();
            else throw Unknown($"stream_options.{name}");
        }
    }

    /// <summary>Ignores an unsupported member if that changes nothing; otherwise refuses it.</summary>
    private static void PassOver(ref Utf8JsonReader json, string name, ReadOnlySpan<byte> body)
    {
        ChatMember member = ChatMembers.Find(name) ?? throw Unknown(name);
        int start = (int)json.TokenStartIndex;
        bool isNull = json.TokenType == JsonTokenType.Null;
        json.Skip();
        if (member.Use == MemberUse.Ignored || isNull || member.Harmless.Contains(Compact(body[start..(int)json.BytesConsumed]))) return;
        throw ApiException.Invalid($"{name} cannot be honored: {member.Note}. Leave it out.", name, "unsupported_parameter");
    }

    /// <summary>A short value without spaces; a longer one is never harmless.</summary>
    private static string Compact(ReadOnlySpan<byte> value) =>
        value.Length > LongestHarmless ? "" : string.Concat(Encoding.UTF8.GetString(value).Where(c => !char.IsWhiteSpace(c)));

    private static ApiException Unknown(string name) =>
        ApiException.Invalid($"There is no member {name}: /docs lists those there are.", name, "unknown_parameter");
}
