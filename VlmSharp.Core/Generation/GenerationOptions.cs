using VlmSharp.Imaging;

namespace VlmSharp.Generation;

/// <summary>How to generate. Greedy: every step takes the token with the largest logit, of equal ones the lowest id.</summary>
public sealed record GenerationOptions
{
    /// <summary>At most so many new tokens for each prompt, the end-of-sequence token included.</summary>
    public int MaxNewTokens { get; init; } = 128;

    /// <summary>Goes on past end-of-sequence tokens, to <see cref="MaxNewTokens"/>: for benchmarks and comparisons.</summary>
    public bool IgnoreEndOfSequence { get; init; }
}

/// <summary>One prompt with its pictures.</summary>
public sealed record GenerationRequest
{
    /// <summary>The pictures, in the order in which the prompt means them; at least one.</summary>
    public required IReadOnlyList<RgbImage> Images { get; init; }

    /// <summary>The text, for instance "caption en"; needs the model's tokenizer. Ignored when <see cref="PromptIds"/> is given.</summary>
    public string Prompt { get; init; } = "";

    /// <summary>Token ids to use instead of text; the image placeholders are put before them.</summary>
    public IReadOnlyList<int>? PromptIds { get; init; }

    /// <summary>
    /// Whether control tokens written in the text ("&lt;eos&gt;", "&lt;image&gt;") mean what they say, as in the reference
    /// processor. False for text that a user typed: there they stay text.
    /// </summary>
    public bool TrustControlTokens { get; init; }
}

/// <summary>Why a sequence ended.</summary>
public enum FinishReason
{
    /// <summary>It has not ended.</summary>
    None,

    /// <summary>The model gave an end-of-sequence token.</summary>
    Stop,

    /// <summary>It reached the limit on new tokens, or the end of the model's context.</summary>
    Length,
}

/// <summary>One token as it is produced.</summary>
/// <param name="Sequence">Which request it belongs to, from 0.</param>
/// <param name="Id">The token.</param>
/// <param name="LogProbability">Natural logarithm of its probability under the model.</param>
/// <param name="Finish">Whether, and why, it is the last of its sequence.</param>
public readonly record struct GeneratedToken(int Sequence, int Id, float LogProbability, FinishReason Finish);

/// <summary>A piece of text as it is produced; the pieces of a sequence, joined, are its text.</summary>
/// <param name="Token">The token behind it.</param>
/// <param name="Text">Whole characters only: empty while a character is incomplete.</param>
public readonly record struct GeneratedText(GeneratedToken Token, string Text);

/// <summary>A finished sequence.</summary>
/// <param name="TokenIds">The new tokens, the end-of-sequence token included.</param>
/// <param name="LogProbabilities">Of each of them, natural logarithms.</param>
/// <param name="Text">Their text without special tokens; null when the model folder has no tokenizer.</param>
/// <param name="Finish">Why it ended.</param>
/// <param name="PromptTokens">Tokens of the prompt, image placeholders included.</param>
public sealed record GenerationResult(
    IReadOnlyList<int> TokenIds, IReadOnlyList<float> LogProbabilities, string? Text, FinishReason Finish, int PromptTokens);

/// <summary>Where the time of a session went.</summary>
/// <param name="Vision">Encoder and projector.</param>
/// <param name="Prefill">The prompts through the decoder, up to each first token.</param>
/// <param name="Decode">All later tokens.</param>
/// <param name="PromptTokens">Tokens that prefill processed.</param>
/// <param name="DecodedTokens">Tokens that decode steps produced.</param>
public readonly record struct GenerationTimings(TimeSpan Vision, TimeSpan Prefill, TimeSpan Decode, int PromptTokens, int DecodedTokens);
