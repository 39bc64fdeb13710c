using VlmSharp.Evaluation.Statistics;

namespace VlmSharp.Evaluation.Tests.Statistics;

public sealed class StatisticsTests
{
    /// <summary>The mean of n values has a standard error of s / sqrt(n), so the interval is about 1.96 of that to each side.</summary>
    [Fact]
    public void The_interval_of_a_mean_agrees_with_the_normal_distribution()
    {
        double[] values = [.. Enumerable.Range(0, 1000).Select(i => i % 5 < 2 ? 1.0 : 0)]; // mean 0.4, variance 0.24
        Interval found = Bootstrap.OfMean(values);
        double error = Math.Sqrt(0.24 / values.Length);
        Assert.Equal(0.4 - 1.96 * error, found.Low, 0.003);
        Assert.Equal(0.4 + 1.96 * error, found.High, 0.003);
    }

    [Fact]
    public void The_seed_alone_decides_the_draws()
    {
        double[] values = [.. Enumerable.Range(0, 50).Select(i => Math.Sin(i))];
        Assert.Equal(Bootstrap.OfMean(values, seed: 5), Bootstrap.OfMean(values, seed: 5));
        Assert.NotEqual(Bootstrap.OfMean(values, seed: 5), Bootstrap.OfMean(values, seed: 6));
    }

    [Fact]
    public void Draws_are_of_all_examples_with_replacement()
    {
        var seen = new System.Collections.Concurrent.ConcurrentBag<int[]>();
        Bootstrap.Intervals(7, chosen =>
        {
            seen.Add([.. chosen]);
            return [0];
        }, resamples: 40);
        Assert.Equal(40, seen.Count);
        Assert.All(seen, chosen => Assert.Equal(7, chosen.Length));
        Assert.Equal(Enumerable.Range(0, 7), seen.SelectMany(chosen => chosen).Distinct().Order());
        Assert.Contains(seen, chosen => chosen.Distinct().Count() < 7);
    }

    [Fact]
    public void One_value_has_an_interval_of_zero_width() => Assert.Equal(new Interval(3, 3), Bootstrap.OfMean([3.0]));

    [Fact]
    public void Equal_runs_do_not_differ()
    {
        double[] run = [.. Enumerable.Range(0, 30).Select(i => i * 0.1)];
        PairedDifference found = Bootstrap.Paired(run, run);
        Assert.Equal((0.0, new Interval(0, 0), 1.0), (found.Difference, found.Interval, found.PValue));
    }

    /// <summary>
    /// A small gain on every example is certain, however much the examples differ. Paired draws show it; two separate intervals would not.
    /// </summary>
    [Fact]
    public void A_gain_on_every_example_is_significant()
    {
        double[] first = [.. Enumerable.Range(0, 100).Select(i => (i * 37 % 100) / 100.0)],
            second = [.. first.Select((value, i) => value + (i % 2 == 0 ? 0.01 : 0.02))];
        PairedDifference found = Bootstrap.Paired(first, second);
        Assert.Equal(0.015, found.Difference, 1e-12);
        Assert.InRange(found.Interval.Low, 0.0135, 0.015);
        Assert.InRange(found.Interval.High, 0.015, 0.0165);
        Assert.Equal(0, found.PValue);
        Assert.True(Bootstrap.OfMean(first).High > Bootstrap.OfMean(second).Low);
        Assert.Throws<ArgumentException>(() => Bootstrap.Paired(first, second[1..]));
    }

    [Fact]
    public void A_random_difference_is_not_significant()
    {
        double[] first = [.. Enumerable.Range(0, 100).Select(i => i % 2 == 0 ? 1.0 : 0)],
            second = [.. Enumerable.Range(0, 100).Select(i => i % 2 == 0 ? 0 : i == 1 ? 0 : 1.0)];
        PairedDifference found = Bootstrap.Paired(first, second);
        Assert.InRange(found.PValue, 0.5, 1);
        Assert.InRange(0, found.Interval.Low, found.Interval.High);
    }

    [Fact]
    public void Merged_means_of_shards_equal_those_of_the_whole()
    {
        GroupedMeans one = new(), two = new(), whole = new();
        foreach ((GroupedMeans shard, string? group, double value) in (ReadOnlySpan<(GroupedMeans, string?, double)>)[
            (one, "a", 1), (one, "b", 0.5), (two, "a", 0), (two, "a", 0), (two, null, 9)
        ])
        {
            shard.Add(group, value);
            whole.Add(group, value);
        }

        one.Merge(two);
        Assert.Equal(["a", "b"], one.Groups);
        Assert.Equal(whole["a"], one["a"]);
        Assert.Equal((1 / 3.0, 33.33, 50.0), (one.Mean("a"), one.Percent("a"), one.Percent("b")));
        Assert.True(double.IsNaN(one.Mean("c")));
    }
}
