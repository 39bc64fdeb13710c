using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Models;
using VlmSharp.Preprocessing;

namespace VlmSharp.Explain;

/// <summary>How much an explanation keeps. Memory and the page's size grow with both numbers.</summary>
public sealed record ExplanationOptions
{
    /// <summary>The most new tokens that an explanation may have: nobody reads a longer page.</summary>
    public const int LargestMaxNewTokens = 256;

    /// <summary>The most new tokens, including the end of the sequence; 1 to <see cref="LargestMaxNewTokens"/>.</summary>
    public int MaxNewTokens { get; init; } = 32;

    /// <summary>Candidates to keep for each new token, at least 1; the whole vocabulary if it has fewer.</summary>
    public int Candidates { get; init; } = 8;
}

/// <summary>
/// One picture and one prompt on their way through the model, greedily: the input, how large each stage's numbers are,
/// how each new token was chosen and where the model looked. <see cref="Explainer.Run"/> makes it and
/// <see cref="Html.ExplanationPage"/> shows it.
/// </summary>
public sealed record Explanation
{
    /// <summary>The names of the model's folder and its parent, for instance <c>demo/model</c>.</summary>
    public required string ModelName { get; init; }

    /// <summary>What computed: backend, vector width, threads.</summary>
    public required string Backend { get; init; }

    /// <summary>The sizes of the vision tower and the decoder, and the special token ids.</summary>
    public required PaliGemmaConfig Config { get; init; }

    /// <summary>The compatibility switches.</summary>
    public required ModelOptions Options { get; init; }

    /// <summary>How the picture became numbers.</summary>
    public required PreprocessorConfig Preprocessor { get; init; }

    /// <summary>The text of the prompt as it was given; empty for a prompt of token ids.</summary>
    public required string Prompt { get; init; }

    /// <summary>The picture as it was given.</summary>
    public required RgbImage Original { get; init; }

    /// <summary>The resized picture that goes into the model, <see cref="VisionConfig.ImageSize"/> pixels square.</summary>
    public required RgbImage Seen { get; init; }

    /// <summary>The prompt, image placeholders included: T tokens, all of them in the bidirectional prefix.</summary>
    public required IReadOnlyList<ExplainedToken> Tokens { get; init; }

    /// <summary>Sizes of the numbers in the prompt's pass, stage by stage in the order of the computation.</summary>
    public required IReadOnlyList<StageNorm> Norms { get; init; }

    /// <summary>The new tokens.</summary>
    public required IReadOnlyList<ExplainedStep> Steps { get; init; }

    /// <summary>Why the answer ended.</summary>
    public required FinishReason Finish { get; init; }

    /// <summary>The answer without special tokens; null when the model folder has no tokenizer.</summary>
    public required string? Text { get; init; }
}

/// <summary>A token of the sequence.</summary>
/// <param name="Index">Its place in the sequence, from 0.</param>
/// <param name="Id">Its number in the vocabulary.</param>
/// <param name="Piece">Its spelling in the vocabulary, U+2581 for a space; empty if it has none or there is no tokenizer.</param>
/// <param name="IsImage">Whether it stands for a patch of the picture.</param>
public sealed record ExplainedToken(int Index, int Id, string Piece, bool IsImage);

/// <summary>
/// The size of a stage's numbers: sqrt(mean(x^2)) over all features of its rows in the prompt's pass, separately for the rows of the
/// picture and the rows of text.
/// </summary>
/// <param name="Name">The stage's name in a trace, for instance <c>text.layer.0</c>.</param>
/// <param name="Image">Over the rows of the picture.</param>
/// <param name="Text">Over the rows of text; null in the stages before there is any.</param>
public sealed record StageNorm(string Name, double Image, double? Text);

/// <summary>A token that could have been next.</summary>
/// <param name="Id">Its number in the vocabulary.</param>
/// <param name="Piece">Its spelling, as in <see cref="ExplainedToken"/>.</param>
/// <param name="Probability">Under the model, 0 to 1.</param>
public sealed record ExplainedCandidate(int Id, string Piece, double Probability);

/// <summary>How attention divides over the sequence; the three sum to 1.</summary>
/// <param name="Picture">On the picture's tokens.</param>
/// <param name="Prompt">On the prompt's text.</param>
/// <param name="Generated">On new tokens.</param>
public readonly record struct AttentionShare(double Picture, double Prompt, double Generated);

/// <summary>Attention over the picture, row by row from the top left.</summary>
/// <param name="Side">Cells along a side.</param>
/// <param name="PatchesPerCell">
/// Patches along a side of a cell: more than 1 where a finer map would make a page large. The last row and column may have fewer.
/// </param>
/// <param name="Cells">[side * side], each the sum of its patches' attention; together <see cref="AttentionShare.Picture"/>.</param>
public sealed record AttentionMap(int Side, int PatchesPerCell, IReadOnlyList<float> Cells);

/// <summary>Where one layer looked, the mean of its heads.</summary>
/// <param name="Share">How its attention divides.</param>
/// <param name="Map">Its attention over the picture.</param>
public sealed record LayerAttention(AttentionShare Share, AttentionMap Map);

/// <summary>A new token: how it was chosen, and where the position that chose it looked. This is the position before the token.</summary>
/// <param name="Token">The token with the largest logit.</param>
/// <param name="Probability">Its probability under the model, 0 to 1.</param>
/// <param name="Candidates">The likeliest tokens in order, this one first.</param>
/// <param name="Weights">[L]: attention to each token of the sequence so far, the mean over layers and heads. It sums to 1.</param>
/// <param name="Share">How <paramref name="Weights"/> divides.</param>
/// <param name="Map">The part of <paramref name="Weights"/> on the picture, patch by patch.</param>
/// <param name="Layers">Each decoder layer by itself.</param>
public sealed record ExplainedStep(
    ExplainedToken Token, double Probability, IReadOnlyList<ExplainedCandidate> Candidates, IReadOnlyList<float> Weights,
    AttentionShare Share, AttentionMap Map, IReadOnlyList<LayerAttention> Layers);
