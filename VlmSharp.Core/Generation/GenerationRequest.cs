using VlmSharp.Compute;
using VlmSharp.Imaging;
using VlmSharp.Tokenization;

namespace VlmSharp.Generation;

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
    /// What control tokens written in the text ("&lt;eos&gt;", "&lt;image&gt;") mean: text, as it must be where a user typed it, or
    /// the tokens, as in the reference processor.
    /// </summary>
    public ControlTokens ControlTokens { get; init; }

    /// <summary>
    /// The name of an adapter (<see cref="VisionLanguageModel.LoadAdapter"/>), <see cref="VisionLanguageModel.BaseName"/> for the model as it is, or null for
    /// <see cref="VisionLanguageModel.DefaultAdapter"/>. Requests with different adapters may share a session and its steps.
    /// </summary>
    public string? Adapter { get; init; }

    /// <summary>This request's own seed of sampling, or null for that of <see cref="GenerationOptions.Seed"/>.</summary>
    public long? Seed { get; init; }

    /// <summary>What the model may say, or null for anything.</summary>
    public ITokenConstraint? Constraint { get; init; }

    /// <summary>
    /// Hears every stage of the request's steps, on the thread that takes them; or null. Such a request does not share its steps and does
    /// not use the cache of image tokens.
    /// </summary>
    public ITraceSink? Trace { get; init; }

    /// <summary>What is to be noted of its steps, as <see cref="GenerationResult.Notes"/>; or null.</summary>
    internal IStepNotes? Notes { get; init; }
}

/// <summary>
/// Says at each step which tokens may follow, for instance by a grammar. It is asked before all processors, and what it does
/// not allow is never produced.
/// </summary>
/// <remarks>
/// Where every sequence of a step is constrained, only the head's rows of the allowed tokens are scored. The results are
/// equal to masking all logits, bit by bit.
/// </remarks>
public interface ITokenConstraint
{
    /// <summary>The tokens that may follow. A function of its argument alone: a beam search asks for many continuations in turn.</summary>
    /// <param name="newTokens">The tokens produced so far, without the prompt.</param>
    /// <returns>Ids below the vocabulary's size in ascending order, read before the next call; empty allows every token.</returns>
    ReadOnlySpan<int> AllowedAfter(ReadOnlySpan<int> newTokens);
}
