namespace VlmSharp.Compute.Operators;

/// <summary>
/// Chooses each sequence's next token by its logits and reports how likely it was, without a round trip to the host. Row i is the last row
/// of the step's sequence i.
/// <code>
/// greedy:    id = the first index of the largest logit; NaN is never the largest
/// sampling:  s = logits / temperature, then top-k, top-p and min-p remove tokens, in this order;
///            id = the first token whose cumulative softmax(s), in order of ids, exceeds u
/// y[i]     = id, log_softmax(logits)[id], then the N likeliest ids, then their log-probabilities
/// </code>
/// u is the random number of <see cref="TokenRule.Seed"/> for the token's position after its prompt (Philox, Salmon et al. 2011), so it
/// does not depend on the other sequences. Ids are 32-bit integers in place of floats; <see cref="ChosenToken"/> reads them.
/// </summary>
/// <param name="Logits">[B, V].</param>
/// <param name="Step">The step, of B sequences.</param>
/// <param name="Rules">The rule of each sequence.</param>
public readonly record struct Choose(Matrix Logits, StepTable Step, ChoiceRules Rules) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        int sequences = Step.Batch.Slices.Length;
        Shapes.Require(Logits.Rows == sequences && Rules.Count == sequences && Logits.Columns > 0,
            $"Choose: logits {Logits}, {Rules.Count} rules, {sequences} sequences in the step");
        return new MatrixShape(Logits.Rows, 2 + 2 * Rules.Candidates);
    }

    /// <summary>The index of the random number that a sequence takes from its stream: the number of new tokens before this one.</summary>
    /// <param name="index">The sequence's index in the step.</param>
    /// <returns>0 for the first token after the prompt.</returns>
    public long NumberOf(int index)
    {
        SequenceSlice slice = Step.Batch.Slices[index];
        return (long)slice.Past + slice.RowCount - Rules[index].PromptLength;
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.Choose"/>
    /// <returns>[B, 2 + 2 N].</returns>
    public static Matrix Choose(this IComputeBackend b, Matrix logits, StepTable step, ChoiceRules rules) =>
        b.Run(new Choose(logits, step, rules));
}
