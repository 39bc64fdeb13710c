namespace VlmSharp.Compute;

/// <summary>
/// Receives the named intermediates of a forward pass (<c>vision.layer.0</c>, <c>text.norm</c>, ...): golden tests, the <c>trace</c>
/// command and explanations all use it. Without a sink a trace costs nothing.
/// </summary>
public interface ITraceSink
{
    /// <summary>Records an intermediate. The matrix is valid only during the call.</summary>
    /// <param name="name">Its name, for instance <c>text.layer.0</c>.</param>
    /// <param name="value">[rows, features]; the sink copies what it keeps.</param>
    void Record(string name, Matrix value);

    /// <summary>
    /// The rows of a decoder step whose attention weights the sink wants to receive as <c>text.layer.{i}.weights</c>, the result of the
    /// operator <c>AttentionWeights</c>. None by default; weights are computed only for these rows.
    /// </summary>
    /// <param name="batch">The sequences of the step, whose rows lie one after the other.</param>
    /// <returns>Rows of the step.</returns>
    ReadOnlySpan<int> AttentionRows(SequenceBatch batch) => [];

    /// <summary>
    /// Whether to score every position of the prompt, as <c>logits</c> [T, V], and not only the last one. The scores that choose a token
    /// are recorded as <c>step.logits</c> [1, V] in both cases.
    /// </summary>
    bool PromptLogits => false;
}
