namespace VlmSharp.Training.Data;

/// <summary>How often something was found, and the first places.</summary>
public sealed class Findings
{
    private const int MostShown = 20;

    private readonly List<string> first = [];

    /// <summary>How often.</summary>
    public long Count { get; private set; }

    /// <summary>The first twenty, each in a few words that name its place.</summary>
    public IReadOnlyList<string> First => first;

    internal void Add(string place)
    {
        Count++;
        if (first.Count < MostShown) first.Add(place);
    }
}
