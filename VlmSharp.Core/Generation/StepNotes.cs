using System.Collections.Immutable;

namespace VlmSharp.Generation;

/// <summary>What to record about a request's steps besides the chosen tokens. It changes none of the tokens.</summary>
internal interface IStepNotes
{
    /// <summary>
    /// Tokens that are alternatives to each other, such as the 1,024 locations. Each step that chooses one of them notes the probabilities
    /// of all.
    /// </summary>
    ImmutableArray<int> Alternatives { get; }

    /// <summary>Whether a token is one of the <see cref="Alternatives"/>.</summary>
    bool IsAlternative(int id);

    /// <summary>
    /// Whether the next step should note the total probability of the tokens that its constraint allows. This makes the step score every
    /// token.
    /// </summary>
    /// <param name="newTokens">The tokens so far, without the prompt.</param>
    bool WantsAllowed(ReadOnlySpan<int> newTokens);
}

/// <summary>The notes on a step.</summary>
/// <param name="Row">
/// Log-probabilities of the <see cref="IStepNotes.Alternatives"/>, as in <see cref="TokenCandidate"/>; null if none of them was chosen.
/// </param>
/// <param name="Allowed">
/// Natural logarithm of the model's total probability of all allowed tokens; null if this was not asked for. 0 without a constraint.
/// </param>
internal readonly record struct StepNote(float[]? Row, float? Allowed);
