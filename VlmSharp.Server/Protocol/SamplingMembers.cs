using System.Text.Json;
using VlmSharp.Generation;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Protocol;

/// <summary>
/// The generation settings of a request, the same for all routes. Without temperature, top_p, top_k, min_p and seed the answer is greedy.
/// </summary>
internal sealed class SamplingMembers(RequestLimits limits)
{
    private const int MostTokens = 1 << 20, MostStopIds = 64; // the model's context is the true limit

    private float? temperature, topP, minP, repetitionPenalty;
    private int? maxTokens, maxCompletionTokens, minTokens, topK;
    private bool ignoreEnd;
    private IReadOnlyList<string> stops = [];
    private readonly List<int> stopIds = [];

    /// <summary>The seed, or null.</summary>
    public long? Seed { get; private set; }

    /// <summary>Reads a member, if it is one of these.</summary>
    /// <param name="json">On its value.</param>
    /// <param name="name">The member's name, as the request spells it.</param>
    /// <returns>Whether it is.</returns>
    public bool TryRead(ref Utf8JsonReader json, string name)
    {
        switch (name)
        {
            case "temperature": temperature = JsonValues.Number(ref json, name, 0, 2); break;
            case "top_p": topP = JsonValues.Number(ref json, name, 0, 1); break;
            case "min_p": minP = JsonValues.Number(ref json, name, 0, 1); break;
            case "top_k": topK = JsonValues.Count(ref json, name, -1, int.MaxValue); break;
            case "repetition_penalty": repetitionPenalty = JsonValues.Number(ref json, name, 0.01, 100); break;
            case "seed": Seed = JsonValues.Whole(ref json, name, long.MinValue, long.MaxValue); break;
            case "max_tokens": maxTokens = JsonValues.Count(ref json, name, 1, MostTokens); break;
            case "max_completion_tokens": maxCompletionTokens = JsonValues.Count(ref json, name, 1, MostTokens); break;
            case "min_tokens": minTokens = JsonValues.Count(ref json, name, 0, MostTokens); break;
            case "ignore_eos": ignoreEnd = JsonValues.Flag(ref json, name) ?? false; break;
            case "stop": stops = JsonValues.Texts(ref json, name, limits.MaxStops, limits.MaxStopCharacters); break;
            case "stop_token_ids": ReadStopIds(ref json, name); break;
            default: return false;
        }

        return true;
    }

    /// <summary>How to generate.</summary>
    /// <param name="most">The most new tokens where the request does not say.</param>
    /// <param name="candidates">Candidates of each token.</param>
    public GenerationOptions Build(int most, int candidates = 0)
    {
        bool samples = temperature is not 0 && (temperature ?? topP ?? minP ?? topK ?? (float?)Seed) is not null;
        int limit = maxCompletionTokens ?? maxTokens ?? Math.Max(most, minTokens ?? 0);
        return new GenerationOptions
        {
            MaxNewTokens = limit,
            MinNewTokens = minTokens ?? 0,
            IgnoreEndOfSequence = ignoreEnd,
            Temperature = samples ? temperature ?? 1 : null,
            TopP = samples ? topP : null,
            MinP = samples ? minP : null,
            TopK = samples ? Math.Max(topK ?? 0, 0) : null, // 0, and -1 of other servers, are all tokens
            RepetitionPenalty = repetitionPenalty ?? 1,
            Seed = samples ? Seed : null,
            StopStrings = stops,
            StopIds = [.. stopIds],
            TopLogProbabilities = candidates,
        };
    }

    private void ReadStopIds(ref Utf8JsonReader json, string name)
    {
        if (json.TokenType == JsonTokenType.Null) return;
        if (json.TokenType != JsonTokenType.StartArray) throw JsonValues.Wrong(name, "an array of token ids");
        stopIds.Clear();
        while (JsonValues.NextItem(ref json))
        {
            if (stopIds.Count == MostStopIds) throw JsonValues.Wrong(name, $"at most {MostStopIds} token ids");
            stopIds.Add(JsonValues.Count(ref json, name, 0, int.MaxValue) ?? throw JsonValues.Wrong(name, "token ids, not null"));
        }
    }
}
