namespace VlmSharp.Generation;

/// <summary>Why a sequence ended.</summary>
public enum FinishReason
{
    /// <summary>It has not ended.</summary>
    None,

    /// <summary>The model gave an end-of-sequence token or a stop id, or the text came to a stop string.</summary>
    Stop,

    /// <summary>It reached the limit on new tokens, or the end of the model's context.</summary>
    Length,

    /// <summary>It was given up.</summary>
    Canceled,
}

/// <summary>One token as it is produced.</summary>
/// <param name="Sequence">Which request it belongs to, from 0.</param>
/// <param name="Id">The token.</param>
/// <param name="LogProbability">As of a <see cref="TokenCandidate"/>.</param>
/// <param name="Text">
/// What is certain of the text now; the pieces of a sequence, joined, are its text. Whole characters only: empty while a character is
/// incomplete, or while a stop string may be beginning. Always empty without a tokenizer.
/// </param>
/// <param name="Finish">Whether, and why, it is the last of its sequence.</param>
public readonly record struct GeneratedToken(int Sequence, int Id, float LogProbability, string Text, FinishReason Finish)
{
    /// <summary>The likeliest candidates of its step, the likeliest first; null unless <see cref="GenerationOptions.TopLogProbabilities"/> asks, and of a beam search.</summary>
    public IReadOnlyList<TokenCandidate>? Top { get; init; }
}

/// <summary>A candidate for a step's token.</summary>
/// <param name="Id">The token.</param>
/// <param name="LogProbability">
/// Natural logarithm of its probability under the model, before any processor: log-softmax of the logits. Where a
/// <see cref="ITokenConstraint"/> says which tokens may follow, log-softmax of the masked logits, that is over the allowed tokens
/// alone: their probabilities sum to 1.
/// </param>
public readonly record struct TokenCandidate(int Id, float LogProbability);

/// <summary>A finished sequence.</summary>
/// <param name="TokenIds">The new tokens, the end-of-sequence token and those of a stop string included. Of a beam search the best beam.</param>
/// <param name="LogProbabilities">Of each of them, as of a <see cref="TokenCandidate"/>.</param>
/// <param name="Text">Their text without special tokens, cut before the first stop string; null when the model folder has no tokenizer.</param>
/// <param name="Finish">Why it ended.</param>
/// <param name="PromptTokens">Tokens of the prompt, image placeholders included.</param>
public sealed record GenerationResult(
    IReadOnlyList<int> TokenIds, IReadOnlyList<float> LogProbabilities, string? Text, FinishReason Finish, int PromptTokens)
{
    /// <summary>For each token the likeliest candidates of its step, the likeliest first; null unless <see cref="GenerationOptions.TopLogProbabilities"/> asks.</summary>
    public IReadOnlyList<IReadOnlyList<TokenCandidate>>? TopLogProbabilities { get; init; }

    /// <summary>For each token what was noted of its step; null unless <see cref="GenerationRequest.Notes"/> asks.</summary>
    internal IReadOnlyList<StepNote>? Notes { get; init; }

    /// <summary>Of a beam search: the sum of the tokens' processed log-probabilities / their number^length penalty; otherwise null.</summary>
    public float? Score { get; init; }

    /// <summary>The seed that sampling used, to have the same text again; null where nothing was drawn.</summary>
    public long? Seed { get; init; }
}

/// <summary>Where the time of a session went. A step counts with the time in which its tokens were waited for.</summary>
/// <param name="Vision">
/// Encoder and projector. Zero on a backend that queues its operators (<see cref="Compute.IComputeBackend.IsQueued"/>): nothing
/// waits for the encoder there, so its time is part of <paramref name="Prefill"/>.
/// </param>
/// <param name="Prefill">The prompts through the decoder, up to each first token.</param>
/// <param name="Decode">All later tokens.</param>
/// <param name="PromptTokens">Tokens that prefill processed.</param>
/// <param name="DecodedTokens">Tokens that decode steps produced; a beam search counts one a step for each request.</param>
public readonly record struct GenerationTimings(TimeSpan Vision, TimeSpan Prefill, TimeSpan Decode, int PromptTokens, int DecodedTokens);
