namespace VlmSharp.Compute;

/// <summary>
/// Receives the named intermediates of a forward pass (<c>vision.layer.0</c>, <c>text.norm</c>, ...): golden tests, the
/// <c>trace</c> command and explanations all listen here. A model runs without one at no cost.
/// </summary>
public interface ITraceSink
{
    /// <summary>Takes note of an intermediate. The matrix is valid during the call only.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value.</param>
    void Record(string name, Matrix value);

    /// <summary>
    /// The rows of a decoder step whose attention weights the sink wants to hear, as <c>text.layer.{i}.weights</c>, what
    /// the operator <c>AttentionWeights</c> gives for them. None unless a sink says otherwise: only then are they computed.
    /// </summary>
    /// <param name="batch">The step.</param>
    /// <returns>Rows of the step.</returns>
    ReadOnlySpan<int> AttentionRows(SequenceBatch batch) => [];

    /// <summary>
    /// Whether every position of the prompt is to be scored, as <c>logits</c> [T, V], and not the last one alone. The scores that choose a
    /// token are heard as <c>step.logits</c> [1, V] either way.
    /// </summary>
    bool PromptLogits => false;
}
