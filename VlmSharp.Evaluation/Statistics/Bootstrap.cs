using VlmSharp.Compute.Sampling;

namespace VlmSharp.Evaluation.Statistics;

/// <summary>
/// The percentile bootstrap (Efron 1979; Efron and Tibshirani 1993, chapter 13). From n examples, n are drawn with replacement, many times,
/// and each sample is scored. The middle 95 % of these scores show how much the score depends on which examples happened to be in the test.
/// The samples depend only on the seed: they are the same on every machine and for any number of threads.
/// </summary>
public static class Bootstrap
{
    /// <summary>The number of samples.</summary>
    public const int Resamples = 1000;

    private const double Low = 0.025, High = 0.975;

    /// <summary>The intervals of several scores from the same samples.</summary>
    /// <param name="count">The number of examples.</param>
    /// <param name="scores">The scores of examples, given their indices, which may repeat. Called on many threads.</param>
    /// <param name="seed">The seed of the samples.</param>
    /// <param name="resamples">The number of samples.</param>
    /// <returns>An interval for each score.</returns>
    public static IReadOnlyList<Interval> Intervals(
        int count, Func<IReadOnlyList<int>, double[]> scores, long seed = 0, int resamples = Resamples)
    {
        double[][] all = Draw(count, scores, seed, resamples); // [resamples, scores]
        return [.. Enumerable.Range(0, all[0].Length).Select(s => Middle([.. all.Select(draw => draw[s])]))];
    }

    /// <summary>The interval of a mean.</summary>
    /// <param name="values">A value for each example, at least one.</param>
    /// <param name="seed">The seed of the samples.</param>
    /// <param name="resamples">The number of samples.</param>
    public static Interval OfMean(IReadOnlyList<double> values, long seed = 0, int resamples = Resamples) =>
        Intervals(values.Count, chosen => [Mean(values, chosen)], seed, resamples)[0];

    /// <summary>Compares two runs on the same examples: each sample has the same examples of both.</summary>
    /// <param name="count">The number of examples.</param>
    /// <param name="first">The first run's score of examples, given their indices. Called on many threads.</param>
    /// <param name="second">The second run's score.</param>
    /// <param name="seed">The seed of the samples.</param>
    /// <param name="resamples">The number of samples.</param>
    public static PairedDifference Paired(
        int count,
        Func<IReadOnlyList<int>, double> first,
        Func<IReadOnlyList<int>, double> second,
        long seed = 0,
        int resamples = Resamples)
    {
        return Paired(count, chosen => [first(chosen)], chosen => [second(chosen)], seed, resamples)[0];
    }

    /// <summary>Compares several scores of two runs on the same examples with the same samples.</summary>
    /// <param name="count">The number of examples.</param>
    /// <param name="first">The first run's scores of examples, given their indices. Called on many threads.</param>
    /// <param name="second">The second run's scores, as many.</param>
    /// <param name="seed">The seed of the samples.</param>
    /// <param name="resamples">The number of samples.</param>
    /// <returns>A difference for each score.</returns>
    internal static IReadOnlyList<PairedDifference> Paired(
        int count,
        Func<IReadOnlyList<int>, double[]> first,
        Func<IReadOnlyList<int>, double[]> second,
        long seed = 0,
        int resamples = Resamples)
    {
        double[][] draws = Draw(count, Difference, seed, resamples); // [resamples, scores]
        double[] whole = Difference([.. Enumerable.Range(0, count)]);
        return
        [
            .. whole.Select((difference, s) =>
            {
                double[] differences = [.. draws.Select(draw => draw[s])];
                double tail = Math.Min(differences.Count(d => d <= 0), differences.Count(d => d >= 0)) / (double)resamples;
                return new PairedDifference(difference, Middle(differences), Math.Min(1, 2 * tail));
            }),
        ];

        double[] Difference(IReadOnlyList<int> chosen) => [.. second(chosen).Zip(first(chosen), (b, a) => b - a)];
    }

    /// <summary>Compares the means of two runs on the same examples.</summary>
    /// <param name="first">The first run's value for each example.</param>
    /// <param name="second">The second run's values, in the same order.</param>
    /// <param name="seed">The seed of the samples.</param>
    /// <param name="resamples">The number of samples.</param>
    /// <exception cref="ArgumentException">The runs have different numbers of examples.</exception>
    public static PairedDifference Paired(
        IReadOnlyList<double> first, IReadOnlyList<double> second, long seed = 0, int resamples = Resamples) => first.Count == second.Count
        ? Paired(first.Count, chosen => Mean(first, chosen), chosen => Mean(second, chosen), seed, resamples)
        : throw new ArgumentException($"One run has {first.Count} examples, the other {second.Count}.", nameof(second));

    private static double[][] Draw(int count, Func<IReadOnlyList<int>, double[]> scores, long seed, int resamples)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(resamples);
        var all = new double[resamples][];
        Parallel.For(0, resamples, draw =>
        {
            var chosen = new int[count];
            for (int i = 0; i < count; i++) chosen[i] = (int)(CounterRandom.Uniform(seed, (long)draw * count + i) * count);
            all[draw] = scores(chosen);
        });
        return all;
    }

    private static double Mean(IReadOnlyList<double> values, IReadOnlyList<int> chosen)
    {
        double sum = 0;
        foreach (int i in chosen) sum += values[i];
        return sum / chosen.Count;
    }

    private static Interval Middle(double[] scores)
    {
        Array.Sort(scores);
        return new Interval(Quantile(scores, Low), Quantile(scores, High));
    }

    /// <summary>Interpolates linearly between the two nearest values, like NumPy's default.</summary>
    private static double Quantile(double[] sorted, double share)
    {
        double place = share * (sorted.Length - 1);
        int below = (int)place, above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    }
}
