using System.Collections.Immutable;

namespace VlmSharp.Generation;

/// <summary>What is to be known of a request's steps beside the tokens that they choose. It changes none of them.</summary>
internal interface IStepNotes
{
    /// <summary>Tokens that are alternatives to each other, such as the 1,024 locations. Each step that chooses one of them notes the probabilities of all.</summary>
    ImmutableArray<int> Alternatives { get; }

    /// <summary>Whether a token is one of the <see cref="Alternatives"/>.</summary>
    bool IsAlternative(int id);

    /// <summary>Whether the next step is to note how likely the tokens are together that its constraint allows. Every token is scored for that.</summary>
    /// <param name="newTokens">The tokens so far, without the prompt.</param>
    bool WantsAllowed(ReadOnlySpan<int> newTokens);
}

/// <summary>What was noted of a step.</summary>
/// <param name="Row">Log-probabilities of the <see cref="IStepNotes.Alternatives"/>, as of a <see cref="TokenCandidate"/>; null where none of them was chosen.</param>
/// <param name="Allowed">
/// Natural logarithm of the probability that the model gave to all tokens together that might follow; null where this was not asked for. 0 without a constraint.
/// </param>
internal readonly record struct StepNote(float[]? Row, float? Allowed);
