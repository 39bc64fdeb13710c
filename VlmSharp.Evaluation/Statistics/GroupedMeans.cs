namespace VlmSharp.Evaluation.Statistics;

/// <summary>
/// Means of values in groups. They are kept as sums and counts, because a mean of means would be wrong when shards are merged.
/// </summary>
public sealed class GroupedMeans
{
    private readonly SortedDictionary<string, (double Sum, long Count)> groups = new(StringComparer.Ordinal);

    /// <summary>The groups that have a value, sorted by name.</summary>
    public IEnumerable<string> Groups => groups.Keys;

    /// <summary>The sum of a group's values, and their number.</summary>
    /// <param name="group">Its name.</param>
    public (double Sum, long Count) this[string group] => groups.GetValueOrDefault(group);

    /// <summary>The mean of a group's values; NaN if it has none.</summary>
    /// <param name="group">Its name.</param>
    public double Mean(string group) => this[group] is (var sum, > 0 and var count) ? sum / count : double.NaN;

    /// <summary>The mean of a group's values in percent with two decimals, rounded like the official VQA script.</summary>
    /// <param name="group">Its name.</param>
    public double Percent(string group) => Percent(this[group].Sum, this[group].Count);

    /// <summary>A mean in percent with two decimals.</summary>
    /// <param name="sum">The sum of the values.</param>
    /// <param name="count">The number of values.</param>
    public static double Percent(double sum, long count) => PythonText.Round2(100 * sum / count);

    /// <summary>Adds a value.</summary>
    /// <param name="group">Its group; if null, the value is ignored.</param>
    /// <param name="value">What is averaged, in any unit.</param>
    public void Add(string? group, double value)
    {
        if (group is not null) Add(group, value, 1);
    }

    /// <summary>Adds the values of another shard.</summary>
    /// <param name="other">Means of the same kind of groups, of other items.</param>
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
