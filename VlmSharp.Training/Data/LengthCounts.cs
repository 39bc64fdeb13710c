namespace VlmSharp.Training.Data;

/// <summary>How long texts are.</summary>
public sealed class LengthCounts
{
    private readonly SortedDictionary<int, long> counts = [];

    /// <summary>Texts in all.</summary>
    public long Total { get; private set; }

    /// <summary>The length that a given share of all texts do not exceed.</summary>
    /// <param name="share">From 0 (the shortest) through 0.5 (the median) to 1 (the longest).</param>
    /// <returns>The smallest such length; 0 if there are no texts.</returns>
    public int Quantile(double share)
    {
        long needed = Math.Max(1, (long)Math.Ceiling(share * Total)), seen = 0;
        foreach ((int length, long count) in counts)
            if ((seen += count) >= needed) return length;
        return 0;
    }

    /// <summary>How many texts are longer.</summary>
    /// <param name="length">Than this.</param>
    /// <returns>Number of texts.</returns>
    public long Above(int length) => counts.Where(entry => entry.Key > length).Sum(entry => entry.Value);

    /// <summary>Texts by length in ranges of powers of two: 0 to 1, 2 to 3, 4 to 7, 8 to 15 and so on, up to the longest.</summary>
    /// <returns>Bounds, both inclusive, and how many texts lie between them.</returns>
    public IReadOnlyList<(int From, int To, long Count)> Ranges()
    {
        var ranges = new List<(int, int, long)>();
        int longest = counts.Count > 0 ? counts.Keys.Last() : -1;
        for (long from = 0, to = 1; from <= longest; (from, to) = (to + 1, 2 * to + 1))
            ranges.Add(((int)from, (int)to, counts.Where(entry => entry.Key >= from && entry.Key <= to).Sum(entry => entry.Value)));
        return ranges;
    }

    internal void Add(int length)
    {
        Total++;
        counts[length] = counts.GetValueOrDefault(length) + 1;
    }
}
