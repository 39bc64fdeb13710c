namespace VlmSharp.Evaluation.Captions;

/// <summary>
/// CIDEr-D (Vedantam et al. 2015, section 3 and equation 6), as used to score COCO's captions: the similarity of candidate and references
/// in content. N-grams that occur in the captions of all pictures count nothing.
/// <code>
/// g_n(s)[w]  = (how often s has the n-gram w) (ln N - ln max(1, df(w)))        N pictures, df(w) of them with w in a reference
/// sim_n(c,r) = exp(-(l(c) - l(r))^2 / (2 sigma^2)) sum_w min(g_n(c)[w], g_n(r)[w]) g_n(r)[w] / (|g_n(c)| |g_n(r)|)
/// CIDEr-D    = 10 mean over n = 1..4 of the mean over references r of sim_n(c, r)
/// </code>
/// sigma is 6; l(s) is the number of bigrams of s, one less than its words. The score of a corpus is the mean over its pictures, 0 to 10;
/// papers print it times 100. Through N and df, it depends on which pictures are scored together: a part of a split scores differently on
/// its own than within the whole split, and a single picture scores 0.
/// </summary>
public sealed class Cider
{
    private const double Sigma = 6, Scale = 10;
    private const int LengthOrder = 2; // the reference code measures length in bigrams

    private readonly DocumentFrequencies frequencies;
    private readonly double logPictures;

    /// <summary>Takes the weights of n-grams from a corpus.</summary>
    /// <param name="frequencies">
    /// From the pictures that are scored, as in the benchmarks, or from another corpus. At least one picture.
    /// </param>
    public Cider(DocumentFrequencies frequencies)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(frequencies.Pictures, nameof(frequencies));
        this.frequencies = frequencies;
        logPictures = Math.Log(frequencies.Pictures);
    }

    /// <summary>
    /// Whether this is the original CIDEr, before its authors made it harder to game (their section 6): only the cosine, without clipping
    /// (the min above) and without the length penalty. Benchmarks mean CIDEr-D even if they write CIDEr.
    /// </summary>
    public bool IsPlain { get; init; }

    /// <summary>The vector of a caption for one n, its norm, and its number of n-grams.</summary>
    private readonly record struct Vector(Dictionary<string, double> Weights, double Norm, int Count);

    /// <summary>Scores one picture.</summary>
    /// <param name="candidate">The caption to score, its words separated by white space.</param>
    /// <param name="references">Human captions, at least one.</param>
    /// <returns>Between 0 and 10.</returns>
    public double Score(string candidate, IReadOnlyList<string> references)
    {
        Vector[] c = VectorsOf(candidate);
        Vector[][] all = [.. references.Select(VectorsOf)];
        double sum = 0;
        for (int n = 1; n <= NGrams.Longest; n++)
            sum += all.Average(r => Similarity(c[n - 1], r[n - 1]) * LengthPenalty(c, r));
        return Scale * sum / NGrams.Longest;
    }

    /// <summary>g_1 to g_4 of a caption.</summary>
    private Vector[] VectorsOf(string caption)
    {
        string[] words = NGrams.WordsOf(caption);
        var vectors = new Vector[NGrams.Longest];
        for (int n = 1; n <= NGrams.Longest; n++)
        {
            var weights = new Dictionary<string, double>(StringComparer.Ordinal);
            foreach ((string ngram, int count) in NGrams.Count(words, n))
                weights[ngram] = count * (logPictures - Math.Log(Math.Max(1, frequencies.Of(ngram))));
            double norm = Math.Sqrt(weights.Values.Sum(weight => weight * weight));
            vectors[n - 1] = new Vector(weights, norm, Math.Max(0, words.Length - n + 1));
        }

        return vectors;
    }

    private double Similarity(Vector c, Vector r)
    {
        double product = 0;
        foreach ((string ngram, double weight) in c.Weights)
        {
            double other = r.Weights.GetValueOrDefault(ngram);
            product += (IsPlain ? weight : Math.Min(weight, other)) * other;
        }

        return c.Norm == 0 || r.Norm == 0 ? product : product / (c.Norm * r.Norm);
    }

    private double LengthPenalty(Vector[] c, Vector[] r)
    {
        double difference = c[LengthOrder - 1].Count - r[LengthOrder - 1].Count;
        return IsPlain ? 1 : Math.Exp(-difference * difference / (2 * Sigma * Sigma));
    }
}
