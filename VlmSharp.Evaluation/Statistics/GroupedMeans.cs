namespace VlmSharp.Evaluation.Statistics;

/// <summary>Means of values in groups, kept as sums and counts so that shards can be merged: a mean of means would be wrong.</summary>
public sealed class GroupedMeans
{
    private readonly SortedDictionary<string, (double Sum, long Count)> groups = new(StringComparer.Ordinal);

    /// <summary>The groups that have a value, in order of their names.</summary>
    public IEnumerable<string> Groups => groups.Keys;

    /// <summary>The sum of a group's values, and how many there are.</summary>
    /// <param name="group">Its name.</param>
    public (double Sum, long Count) this[string group] => groups.GetValueOrDefault(group);

    /// <summary>The mean of a group's values; NaN where it has none.</summary>
    /// <param name="group">Its name.</param>
    public double Mean(string group) => this[group] is (var sum, > 0 and var count) ? sum / count : double.NaN;

    /// <summary>The mean of a group's values in per cent with two decimals, rounded as the official script of VQA rounds.</summary>
    /// <param name="group">Its name.</param>
    public double Percent(string group) => Percent(this[group].Sum, this[group].Count);

    /// <summary>A mean in per cent with two decimals.</summary>
    /// <param name="sum">The sum of the values.</param>
    /// <param name="count">How many there are.</param>
    public static double Percent(double sum, long count) => PythonText.Round2(100 * sum / count);

    /// <summary>Adds a value.</summary>
    /// <param name="group">Its group, or null for none: the value is then left out.</param>
    /// <param name="value">The value.</param>
    public void Add(string? group, double value)
    {
        if (group is not null) Add(group, value, 1);
    }

    /// <summary>Adds the values of another shard.</summary>
    /// <param name="other">Its means.</param>
    public void Merge(GroupedMeans other)
    {
        foreach ((string group, (double sum, long count)) in other.groups) Add(group, sum, count);
    }

    private void Add(string group, double sum, long count)
    {
        (double before, long had) = this[group];
        groups[group] = (before + sum, had + count);
    }
}
