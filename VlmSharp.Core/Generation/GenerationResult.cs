namespace VlmSharp.Generation;

/// <summary>Why a sequence ended.</summary>
public enum FinishReason
{
    /// <summary>It has not ended.</summary>
    None,

    /// <summary>The model produced an end-of-sequence token or a stop id, or the text contains a stop string.</summary>
    Stop,

    /// <summary>It reached the limit on new tokens, or the end of the model's context.</summary>
    Length,

    /// <summary>It was canceled.</summary>
    Canceled,
}

/// <summary>One token as it is produced.</summary>
/// <param name="Sequence">The number of its request, from 0.</param>
/// <param name="Id">The token's id in the vocabulary.</param>
/// <param name="LogProbability">As in <see cref="TokenCandidate"/>.</param>
/// <param name="Text">
/// The text that became certain with this token; the pieces of a sequence, joined, are its text. It holds whole characters only: it is
/// empty while a character is incomplete, or while a stop string may be starting. Always empty without a tokenizer.
/// </param>
/// <param name="Finish">Why the sequence ended, if this is its last token.</param>
public readonly record struct GeneratedToken(int Sequence, int Id, float LogProbability, string Text, FinishReason Finish)
{
    /// <summary>
    /// The most likely candidates of its step, most likely first. Null unless <see cref="GenerationOptions.TopLogProbabilities"/> asks for
    /// them, and null for a beam search.
    /// </summary>
    public IReadOnlyList<TokenCandidate>? Top { get; init; }
}

/// <summary>A candidate for a step's token.</summary>
/// <param name="Id">The token's id in the vocabulary.</param>
/// <param name="LogProbability">
/// Natural logarithm of its probability under the model, before any processor: log-softmax of the logits. With an
/// <see cref="ITokenConstraint"/> it is the log-softmax of the masked logits, over the allowed tokens only, so their probabilities sum
/// to 1.
/// </param>
public readonly record struct TokenCandidate(int Id, float LogProbability);

/// <summary>The answer to a request, or what there is of it so far.</summary>
/// <param name="TokenIds">
/// The new tokens, including the end-of-sequence token and those of a stop string. For a beam search, the tokens of the best beam.
/// </param>
/// <param name="LogProbabilities">One for each of them, as in <see cref="TokenCandidate"/>.</param>
/// <param name="Text">Their text without special tokens, cut before the first stop string; null if the model folder has no
/// tokenizer.</param>
/// <param name="Finish">Why it ended.</param>
/// <param name="PromptTokens">Number of tokens in the prompt, image placeholders included.</param>
public sealed record GenerationResult(
    IReadOnlyList<int> TokenIds, IReadOnlyList<float> LogProbabilities, string? Text, FinishReason Finish, int PromptTokens)
{
    /// <summary>
    /// For each token, the most likely candidates of its step, most likely first; null unless
    /// <see cref="GenerationOptions.TopLogProbabilities"/> asks for them.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<TokenCandidate>>? TopLogProbabilities { get; init; }

    /// <summary>For each token, the notes on its step; null unless <see cref="GenerationRequest.Notes"/> asks for them.</summary>
    internal IReadOnlyList<StepNote>? Notes { get; init; }

    /// <summary>
    /// For a beam search, the sum of the tokens' processed log-probabilities / their number^length penalty; otherwise null.
    /// </summary>
    public float? Score { get; init; }

    /// <summary>The seed of sampling, with which the same text can be generated again; null if nothing was drawn.</summary>
    public long? Seed { get; init; }
}

/// <summary>How a session's time was spent. The time of a step includes waiting for its tokens.</summary>
/// <param name="Vision">
/// Encoder and projector. Zero on a backend that queues its operators (<see cref="Compute.IComputeBackend.IsQueued"/>): nothing
/// waits for the encoder there, so its time is part of <paramref name="Prefill"/>.
/// </param>
/// <param name="Prefill">The prompts through the decoder, up to each first token.</param>
/// <param name="Decode">All later tokens.</param>
/// <param name="PromptTokens">Number of tokens that prefill processed.</param>
/// <param name="DecodedTokens">Number of tokens that decode steps produced. A beam search counts one per step and request.</param>
public readonly record struct GenerationTimings(TimeSpan Vision, TimeSpan Prefill, TimeSpan Decode, int PromptTokens, int DecodedTokens);
