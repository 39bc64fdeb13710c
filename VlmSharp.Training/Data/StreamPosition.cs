namespace VlmSharp.Training.Data;

/// <summary>
/// How far a stream is: with the same data and the same options it goes on from here exactly. Equal for all ranks.
/// </summary>
/// <param name="Visits">Examples that came, over all ranks, those that were skipped among them; to be saved and given back.</param>
public readonly record struct StreamPosition(long Visits);
