namespace VlmSharp.Training.Data;

/// <summary>
/// The position of a stream: with the same data and options it continues exactly from here. Equal for all ranks.
/// </summary>
/// <param name="Visits">Visited examples over all ranks, including skipped ones; to be saved and given back.</param>
public readonly record struct StreamPosition(long Visits);
