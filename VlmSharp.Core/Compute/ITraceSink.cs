namespace VlmSharp.Compute;

/// <summary>
/// Receives the named intermediates of a forward pass (<c>vision.layer.0</c>, <c>text.norm</c>, ...): golden tests, the
/// <c>trace</c> command and explanations all listen here. A model runs without one at no cost.
/// </summary>
public interface ITraceSink
{
    /// <summary>Takes note of an intermediate. The tensor is valid during the call only.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value.</param>
    void Record(string name, Tensor value);
}
