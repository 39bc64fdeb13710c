using VlmSharp.Compute.Sampling;

namespace VlmSharp.Evaluation.Statistics;

/// <summary>
/// The percentile bootstrap (Efron 1979; Efron and Tibshirani 1993, chapter 13): from n examples n are drawn with replacement, again and
/// again, and the score of each draw is taken. The middle 95 % of these scores say how far the score may be off because of which examples
/// happened to be in the test. The draws are a function of the seed, the same on every machine and for any number of threads.
/// </summary>
public static class Bootstrap
{
    /// <summary>How many draws.</summary>
    public const int Resamples = 1000;

    private const double Low = 0.025, High = 0.975;

    /// <summary>The intervals of several scores of the same draws.</summary>
    /// <param name="count">How many examples there are.</param>
    /// <param name="scores">The scores of examples, by their places; one may be there more than once. Called on many threads.</param>
    /// <param name="seed">The seed of the draws.</param>
    /// <param name="resamples">How many draws.</param>
    /// <returns>An interval for each score.</returns>
    public static IReadOnlyList<Interval> Intervals(
        int count, Func<IReadOnlyList<int>, double[]> scores, long seed = 0, int resamples = Resamples)
    {
        double[][] all = Draw(count, scores, seed, resamples); // [resamples, scores]
        return [.. Enumerable.Range(0, all[0].Length).Select(s => Middle([.. all.Select(draw => draw[s])]))];
    }

    /// <summary>The interval of a mean.</summary>
    /// <param name="values">A value for each example, at least one.</param>
    /// <param name="seed">The seed of the draws.</param>
    /// <param name="resamples">How many draws.</param>
    public static Interval OfMean(IReadOnlyList<double> values, long seed = 0, int resamples = Resamples) =>
        Intervals(values.Count, chosen => [Mean(values, chosen)], seed, resamples)[0];

    /// <summary>Compares two runs on the same examples: each draw takes the same examples of both.</summary>
    /// <param name="count">How many examples there are.</param>
    /// <param name="first">The score of examples of the first run, by their places. Called on many threads.</param>
    /// <param name="second">That of the second run.</param>
    /// <param name="seed">The seed of the draws.</param>
    /// <param name="resamples">How many draws.</param>
    public static PairedDifference Paired(
        int count, Func<IReadOnlyList<int>, double> first, Func<IReadOnlyList<int>, double> second, long seed = 0, int resamples = Resamples)
    {
        return Paired(count, chosen => [first(chosen)], chosen => [second(chosen)], seed, resamples)[0];
    }

    /// <summary>Compares several scores of two runs on the same examples by the same draws.</summary>
    /// <param name="count">How many examples there are.</param>
    /// <param name="first">The scores of examples of the first run, by their places. Called on many threads.</param>
    /// <param name="second">Those of the second run, as many.</param>
    /// <param name="seed">The seed of the draws.</param>
    /// <param name="resamples">How many draws.</param>
    /// <returns>A difference for each score.</returns>
    internal static IReadOnlyList<PairedDifference> Paired(
        int count, Func<IReadOnlyList<int>, double[]> first, Func<IReadOnlyList<int>, double[]> second, long seed = 0, int resamples = Resamples)
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
    /// <param name="first">A value for each example.</param>
    /// <param name="second">Those of the second run, in the same order.</param>
    /// <param name="seed">The seed of the draws.</param>
    /// <param name="resamples">How many draws.</param>
    /// <exception cref="ArgumentException">The runs have not the same number of examples.</exception>
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

    /// <summary>Between the two values beside it on a straight line, as NumPy's default.</summary>
    private static double Quantile(double[] sorted, double share)
    {
        double place = share * (sorted.Length - 1);
        int below = (int)place, above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    }
}
