using System.Globalization;
using VlmSharp.Compute.Operators;
using VlmSharp.Generation.Processors;

namespace VlmSharp.Generation;

/// <summary>
/// How to generate, with the names and meanings of transformers. The default is greedy: every step takes the token with the largest logit,
/// and a tie goes to the lowest id.
/// </summary>
/// <remarks>
/// Setting any of <see cref="Temperature"/>, <see cref="TopK"/>, <see cref="TopP"/> and <see cref="MinP"/> turns sampling on.
/// The order is that of transformers: a request's constraint, repetition penalty, no-repeat n-gram, minimum length, temperature,
/// top-k, top-p, min-p, then the draw.
/// </remarks>
public sealed record GenerationOptions
{
    /// <summary>The top-k of sampling if <see cref="TopK"/> is not set, as in transformers.</summary>
    public const int DefaultTopK = 50;

    /// <summary>The most candidates that <see cref="TopLogProbabilities"/> may ask for.</summary>
    public const int MaxTopLogProbabilities = 1000;

    /// <summary>The most beams.</summary>
    public const int MaxBeams = 256;

    /// <summary>The most new tokens for each prompt, including the end-of-sequence token.</summary>
    public int MaxNewTokens { get; init; } = 128;

    /// <summary>
    /// The least number of new tokens before an end-of-sequence token or stop id may come. It does not hold back stop strings.
    /// </summary>
    public int MinNewTokens { get; init; }

    /// <summary>
    /// Continues past end-of-sequence tokens, up to <see cref="MaxNewTokens"/>: for benchmarks and comparisons. Stop ids and strings still
    /// end a sequence.
    /// </summary>
    public bool IgnoreEndOfSequence { get; init; }

    /// <summary>Divides the logits. Above 0; null means 1.</summary>
    public float? Temperature { get; init; }

    /// <summary>
    /// Samples among the k most likely tokens, including ties with the k-th. 0 means all; null means <see cref="DefaultTopK"/> when
    /// sampling.
    /// </summary>
    public int? TopK { get; init; }

    /// <summary>Samples among the smallest set of tokens whose probabilities add up to p, 0 to 1; null means 1.</summary>
    public float? TopP { get; init; }

    /// <summary>Samples among tokens with at least m times the probability of the most likely one, 0 to 1; null means 0.</summary>
    public float? MinP { get; init; }

    /// <summary>Above 1 makes tokens of the prompt and of the text so far less likely; 1 is off.</summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>No run of this many tokens occurs twice, the prompt included; 0 is off.</summary>
    public int NoRepeatNgramSize { get; init; }

    /// <summary>
    /// The seed of sampling. The same seed gives a request the same text regardless of the rest of the batch. A request may have its own
    /// (<see cref="GenerationRequest.Seed"/>). Null draws one for each request; the result reports it.
    /// </summary>
    public long? Seed { get; init; }

    /// <summary>The number of beams of beam search; 1 is off. Cannot be combined with sampling.</summary>
    public int Beams { get; init; } = 1;

    /// <summary>
    /// The exponent e in a hypothesis's score, sum of log-probabilities / length^e: above 0 favors long texts, below 0 short ones.
    /// </summary>
    public float LengthPenalty { get; init; } = 1;

    /// <summary>Texts that end the answer, which is cut before the first of them. Special tokens have no text and match nothing.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Tokens that end the answer in addition to the model's end-of-sequence tokens.</summary>
    public IReadOnlyList<int> StopIds { get; init; } = [];

    /// <summary>
    /// How many of the most likely tokens of each step come with the answer, in <see cref="GenerationResult.TopLogProbabilities"/>; 0 is
    /// none.
    /// </summary>
    public int TopLogProbabilities { get; init; }

    /// <summary>Whether tokens are drawn: any of temperature, top-k, top-p and min-p is set.</summary>
    public bool IsSampling => Temperature is not null || TopK is not null || TopP is not null || MinP is not null;

    /// <summary>The rules on the tokens so far.</summary>
    internal HistoryLimits HistoryLimits => new(RepetitionPenalty, NoRepeatNgramSize, MinNewTokens);

    /// <summary>How the backend chooses a request's tokens.</summary>
    internal TokenRule Rule(int promptLength, long seed, int vocabulary) => new()
    {
        IsSampling = IsSampling,
        Temperature = Temperature ?? 1,
        TopK = IsSampling ? TopK ?? DefaultTopK : 0,
        TopP = TopP,
        MinP = MinP ?? 0,
        Seed = seed,
        PromptLength = IsSampling ? promptLength : 0, // greedy rules are equal for all prompts
        Candidates = Math.Min(TopLogProbabilities, vocabulary),
    };

    /// <summary>Checks every option's range.</summary>
    /// <exception cref="RequestException">
    /// One is out of range. The message begins with the option's name in transformers, which is also the
    /// <see cref="RequestException.Parameter"/>.
    /// </exception>
    public void Validate()
    {
        Check(MaxNewTokens >= 1, "max_new_tokens", MaxNewTokens, "give a number above 0");
        Check(
            MinNewTokens >= 0 && MinNewTokens <= MaxNewTokens,
            "min_new_tokens",
            MinNewTokens,
            $"give a number from 0 to the most new tokens, {MaxNewTokens}");
        Check(
            Temperature is null or (> 0 and < float.PositiveInfinity),
            "temperature",
            Temperature,
            "give a number above 0, or leave it out for greedy generation");
        Check(TopK is null or >= 0, "top_k", TopK, "give a number from 1 up, or 0 for no limit");
        Check(TopP is null or (>= 0 and <= 1), "top_p", TopP, "give a number from 0 to 1");
        Check(MinP is null or (>= 0 and <= 1), "min_p", MinP, "give a number from 0 to 1");
        Check(
            RepetitionPenalty is > 0 and < float.PositiveInfinity,
            "repetition_penalty",
            RepetitionPenalty,
            "give a number above 0; 1 is off");
        Check(NoRepeatNgramSize >= 0, "no_repeat_ngram_size", NoRepeatNgramSize, "give a number from 1 up, or 0 for off");
        Check(Beams is >= 1 and <= MaxBeams, "num_beams", Beams, $"give a number from 1 to {MaxBeams}");
        Check(
            Beams == 1 || !IsSampling,
            "num_beams",
            Beams,
            "beam search does not sample, so leave out either the beams or temperature, top-k, top-p and min-p");
        Check(float.IsFinite(LengthPenalty), "length_penalty", LengthPenalty, "give a finite number");
        Check(
            TopLogProbabilities is >= 0 and <= MaxTopLogProbabilities,
            "logprobs",
            TopLogProbabilities,
            $"give a number from 0 to {MaxTopLogProbabilities}");
        foreach (string stop in StopStrings) Check(!string.IsNullOrEmpty(stop), "stop_strings", "\"\"", "give at least one character");
        foreach (int id in StopIds) Check(id >= 0, "stop_ids", id, "give a token id, 0 or above");
    }

    private static void Check(bool holds, string name, object? value, string remedy)
    {
        if (!holds)
            throw new RequestException(string.Create(CultureInfo.InvariantCulture, $"{name} {value}: {remedy}.")) { Parameter = name };
    }
}
