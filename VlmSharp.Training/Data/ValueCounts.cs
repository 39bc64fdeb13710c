namespace VlmSharp.Training.Data;

/// <summary>How often values come: a histogram of texts.</summary>
public sealed class ValueCounts
{
    private const int MostDistinct = 1_000_000, LongestValue = 200;

    private readonly Dictionary<string, long> counts = new(StringComparer.Ordinal);

    /// <summary>Values in all.</summary>
    public long Total { get; private set; }

    /// <summary>Different values that were counted, at most a million.</summary>
    public int Distinct => counts.Count;

    /// <summary>The most frequent values, the first the most frequent one; of equal ones in ordinal order.</summary>
    /// <param name="most">How many of them, at most.</param>
    /// <returns>Values, long ones cut, and how often each came.</returns>
    public IReadOnlyList<(string Value, long Count)> Top(int most) =>
        [.. counts.OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key, StringComparer.Ordinal)
            .Take(most).Select(entry => (entry.Key, entry.Value))];

    internal void Add(string value)
    {
        Total++;
        string key = value.Length <= LongestValue ? value : value[..LongestValue] + "...";
        if (counts.TryGetValue(key, out long count)) counts[key] = count + 1;
        else if (counts.Count < MostDistinct) counts.Add(key, 1);
    }
}
