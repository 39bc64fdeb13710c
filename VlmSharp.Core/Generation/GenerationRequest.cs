using VlmSharp.Compute;
using VlmSharp.Imaging;
using VlmSharp.Tokenization;

namespace VlmSharp.Generation;

/// <summary>One prompt with its pictures.</summary>
public sealed record GenerationRequest
{
    /// <summary>The pictures, in the order in which the prompt refers to them; at least one.</summary>
    public required IReadOnlyList<RgbImage> Images { get; init; }

    /// <summary>The text, for instance "caption en"; needs the model's tokenizer. Ignored if <see cref="PromptIds"/> is given.</summary>
    public string Prompt { get; init; } = "";

    /// <summary>Token ids to use instead of text. The image placeholders are put before them.</summary>
    public IReadOnlyList<int>? PromptIds { get; init; }

    /// <summary>
    /// How to read control tokens written in the text ("&lt;eos&gt;", "&lt;image&gt;"): as text, as is necessary for text from a user, or
    /// as the tokens, as in the reference processor.
    /// </summary>
    public ControlTokens ControlTokens { get; init; }

    /// <summary>
    /// The name of an adapter (<see cref="VisionLanguageModel.LoadAdapter"/>), <see cref="VisionLanguageModel.BaseName"/> for the model
    /// without an adapter, or null for <see cref="VisionLanguageModel.DefaultAdapter"/>. Requests with different adapters may share a
    /// session and its steps.
    /// </summary>
    public string? Adapter { get; init; }

    /// <summary>The seed of this request's sampling, or null for <see cref="GenerationOptions.Seed"/>.</summary>
    public long? Seed { get; init; }

    /// <summary>Restricts the tokens that the model may produce; null allows all.</summary>
    public ITokenConstraint? Constraint { get; init; }

    /// <summary>
    /// Receives every stage of the request's steps, on the thread that runs them; or null. A traced request does not share its steps and
    /// does not use the cache of image tokens.
    /// </summary>
    public ITraceSink? Trace { get; init; }

    /// <summary>What to note about its steps, for <see cref="GenerationResult.Notes"/>; or null.</summary>
    internal IStepNotes? Notes { get; init; }
}

/// <summary>
/// Says at each step which tokens may follow, for instance by a grammar. It is asked before all processors, and a token that it does not
/// allow is never produced.
/// </summary>
/// <remarks>
/// If every sequence of a step is constrained, the head scores only the allowed tokens. The results equal those of masking all logits, bit
/// for bit.
/// </remarks>
public interface ITokenConstraint
{
    /// <summary>
    /// The tokens that may follow. The result must depend on the argument alone, because a beam search asks about many continuations in
    /// turn.
    /// </summary>
    /// <param name="newTokens">The tokens produced so far, without the prompt.</param>
    /// <returns>Ids below the vocabulary's size in ascending order, read before the next call; empty allows every token.</returns>
    ReadOnlySpan<int> AllowedAfter(ReadOnlySpan<int> newTokens);
}
