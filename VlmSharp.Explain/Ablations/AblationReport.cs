using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Models;

namespace VlmSharp.Explain.Ablations;

/// <summary>
/// The answer of a model as a whole, and its answers with parts switched off one at a time. <see cref="Ablator.Run"/> makes it and
/// <see cref="Html.AblationPage"/> shows it.
/// </summary>
public sealed record AblationReport
{
    /// <summary>The names of the model's folder and its parent, for instance <c>demo/model</c>.</summary>
    public required string ModelName { get; init; }

    /// <summary>What computed: backend, vector width, threads.</summary>
    public required string Backend { get; init; }

    /// <summary>The sizes of the vision tower and the decoder, and the special token ids.</summary>
    public required PaliGemmaConfig Config { get; init; }

    /// <summary>The text of the prompt as it was given; empty for a prompt of token ids.</summary>
    public required string Prompt { get; init; }

    /// <summary>Number of tokens in the prompt, the picture's included.</summary>
    internal int PromptTokens { get; init; }

    /// <summary>The resized picture that goes into the model, <see cref="VisionConfig.ImageSize"/> pixels square.</summary>
    public required RgbImage Seen { get; init; }

    /// <summary>The other picture as it goes into the model, or null.</summary>
    public RgbImage? OtherSeen { get; init; }

    /// <summary>The answer of the whole model, token by token.</summary>
    public required IReadOnlyList<ExplainedToken> Answer { get; init; }

    /// <summary>The whole model; its divergence is 0.</summary>
    public required AblatedAnswer Whole { get; init; }

    /// <summary>The results with one part switched off, one for each switch.</summary>
    public required IReadOnlyList<AblationResult> Results { get; init; }
}

/// <summary>A switch, and the answer with it.</summary>
/// <param name="Switch">What was switched off or changed.</param>
/// <param name="Answer">What the model answers with it.</param>
/// <param name="IsSame">Whether the tokens are those of the whole model.</param>
public sealed record AblationResult(AblationSwitch Switch, AblatedAnswer Answer, bool IsSame);

/// <summary>What a model answers, and how likely it finds the whole model's answer.</summary>
/// <param name="TokenIds">Its own greedy answer, the end-of-sequence token included.</param>
/// <param name="Text">That answer without special tokens; null when the model folder has no tokenizer.</param>
/// <param name="Finish">Why it ended.</param>
/// <param name="LogProbabilities">
/// For each token of the whole model's answer, in nats: ln q(a_t | picture, prompt, a_1 .. a_t-1), with q this model's probability.
/// </param>
/// <param name="Divergences">
/// For each of these tokens, in nats, the Kullback-Leibler divergence of this model's distribution q over the vocabulary from the whole
/// model's p: sum_v p(v) ln(p(v) / q(v)), both after the same tokens (Kullback and Leibler 1951).
/// </param>
public sealed record AblatedAnswer(
    IReadOnlyList<int> TokenIds, string? Text, FinishReason Finish, IReadOnlyList<double> LogProbabilities,
    IReadOnlyList<double> Divergences)
{
    /// <summary>ln q(answer): the sum of <see cref="LogProbabilities"/>, in nats.</summary>
    public double LogProbability => LogProbabilities.Sum();

    /// <summary>The mean of <see cref="Divergences"/>, in nats.</summary>
    public double Divergence => Divergences.Average();
}
