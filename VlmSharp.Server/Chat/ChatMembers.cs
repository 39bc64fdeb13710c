namespace VlmSharp.Server.Chat;

/// <summary>How the server handles a member of a request.</summary>
internal enum MemberUse
{
    /// <summary>It is honored.</summary>
    Accepted,

    /// <summary>It has no effect visible to a client, and is ignored.</summary>
    Ignored,

    /// <summary>The model does not support it: 400, unless its value asks for nothing.</summary>
    Refused,
}

/// <summary>A member of a chat request.</summary>
/// <param name="Name">As it is spelled in the request.</param>
/// <param name="Use">How it is handled.</param>
/// <param name="Note">How, or why.</param>
/// <param name="Harmless">JSON values, without spaces, that are ignored although the member is refused; null always is.</param>
internal sealed record ChatMember(string Name, MemberUse Use, string Note, params IReadOnlyList<string> Harmless);

/// <summary>
/// Every member of OpenAI's chat request, and the supported members of other servers. An unknown member is refused: it may be misspelled,
/// or ask for something unsupported. The page docs/server.md has the same table, and a test compares the two.
/// </summary>
internal static class ChatMembers
{
    /// <summary>All members, in the order of the page's table.</summary>
    public static IReadOnlyList<ChatMember> All { get; } =
    [
        new("model", MemberUse.Accepted, "a name of /v1/models; without it the model answers"),
        new("messages", MemberUse.Accepted, "the last user message is the prompt"),
        new("max_completion_tokens", MemberUse.Accepted, "the most new tokens of each answer"),
        new("max_tokens", MemberUse.Accepted, "the older name of max_completion_tokens, which counts where both are there"),
        new("temperature", MemberUse.Accepted, "0 to 2; 0 is greedy"),
        new("top_p", MemberUse.Accepted, "0 to 1"),
        new("n", MemberUse.Accepted, "answers, at most the server's limit"),
        new("stop", MemberUse.Accepted, "a text or up to 4, which end the answer and are not in it"),
        new("seed", MemberUse.Accepted, "the same seed gives the same answer; answer i of n has seed + i"),
        new("stream", MemberUse.Accepted, "server-sent events"),
        new("stream_options", MemberUse.Accepted, "include_usage; include_obfuscation is ignored"),
        new("logprobs", MemberUse.Accepted, "log-probabilities of the answer's tokens"),
        new("top_logprobs", MemberUse.Accepted, "0 to 20 candidates for each token; needs logprobs"),
        new("top_k", MemberUse.Accepted, "as other servers have it; 0 or -1 is all"),
        new("min_p", MemberUse.Accepted, "as other servers have it"),
        new("repetition_penalty", MemberUse.Accepted, "as other servers have it; 1 is off"),
        new("min_tokens", MemberUse.Accepted, "as other servers have it"),
        new("ignore_eos", MemberUse.Accepted, "as other servers have it"),
        new("stop_token_ids", MemberUse.Accepted, "as other servers have it"),
        new("user", MemberUse.Ignored, "nothing is kept of it"),
        new("safety_identifier", MemberUse.Ignored, "nothing is kept of it"),
        new("metadata", MemberUse.Ignored, "nothing is stored"),
        new("prompt_cache_key", MemberUse.Ignored, "pictures are known by their content"),
        new("prompt_cache_retention", MemberUse.Ignored, "pictures are known by their content"),
        new("service_tier", MemberUse.Ignored, "there is one"),
        new("parallel_tool_calls", MemberUse.Ignored, "there are no tools"),
        new("prediction", MemberUse.Ignored, "it would only save time"),
        new("frequency_penalty", MemberUse.Refused, "repetition_penalty does the like", "0", "0.0"),
        new("presence_penalty", MemberUse.Refused, "repetition_penalty does the like", "0", "0.0"),
        new("logit_bias", MemberUse.Refused, "not supported", "{}"),
        new("response_format", MemberUse.Refused, "the model writes plain text", """{"type":"text"}"""),
        new("tools", MemberUse.Refused, "the model calls no tools", "[]"),
        new("tool_choice", MemberUse.Refused, "the model calls no tools", "\"none\"", "\"auto\""),
        new("functions", MemberUse.Refused, "the model calls no tools", "[]"),
        new("function_call", MemberUse.Refused, "the model calls no tools", "\"none\"", "\"auto\""),
        new("modalities", MemberUse.Refused, "the model answers in text", """["text"]"""),
        new("audio", MemberUse.Refused, "the model answers in text"),
        new("reasoning_effort", MemberUse.Refused, "the model answers without a reasoning text", "\"none\""),
        new("verbosity", MemberUse.Refused, "the model has no such switch", "\"medium\""),
        new("web_search_options", MemberUse.Refused, "nothing is looked up"),
        new("store", MemberUse.Refused, "nothing is stored", "false"),
    ];

    private static readonly Dictionary<string, ChatMember> ByName = All.ToDictionary(m => m.Name, StringComparer.Ordinal);

    /// <summary>The member of a name, or null.</summary>
    public static ChatMember? Find(string name) => ByName.GetValueOrDefault(name);
}
