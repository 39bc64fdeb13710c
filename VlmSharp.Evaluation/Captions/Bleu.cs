namespace VlmSharp.Evaluation.Captions;

/// <summary>
/// BLEU-1 to BLEU-4 (Papineni et al. 2002, section 2.3), as COCO's captions are scored: how many of a candidate's n-grams a reference has.
/// <code>
/// p_n    = (sum over pictures of the correct n-grams) / (sum over pictures of the n-grams that were guessed)
/// BP     = min(1, exp(1 - r / c))                     c words of the candidates, r words of the closest references
/// BLEU-k = BP (p_1 p_2 ... p_k)^(1/k)
/// </code>
/// An n-gram that a candidate says more often than any one reference does is correct as often as that reference says it. Sums are over
/// the corpus before anything is divided: BLEU of a corpus is not the mean of its pictures' BLEU.
/// </summary>
public static class Bleu
{
    // The reference code's guards against 0 / 0; they show in the ninth decimal, and in scores that would be 0.
    private const double Tiny = 1e-15, Small = 1e-9;

    /// <summary>Counts one picture.</summary>
    /// <param name="candidate">The caption to score, its words between white space.</param>
    /// <param name="references">Captions by people, at least one.</param>
    /// <returns>The counts, to be added to those of other pictures.</returns>
    public static BleuCounts Count(string candidate, IReadOnlyList<string> references)
    {
        string[] words = NGrams.WordsOf(candidate);
        string[][] others = [.. references.Select(NGrams.WordsOf)];
        var guesses = new long[NGrams.Longest];
        var correct = new long[NGrams.Longest];
        for (int n = 1; n <= NGrams.Longest; n++)
        {
            Dictionary<string, int>[] counts = [.. others.Select(reference => NGrams.Count(reference, n))];
            guesses[n - 1] = Math.Max(0, words.Length - n + 1);
            foreach ((string ngram, int count) in NGrams.Count(words, n))
                correct[n - 1] += Math.Min(count, counts.Max(reference => reference.GetValueOrDefault(ngram)));
        }

        return new BleuCounts(guesses, correct, words.Length, ClosestLength(words.Length, others));
    }

    /// <summary>BLEU-1 to BLEU-4 of what was counted.</summary>
    /// <param name="counts">Of one picture, or the sum of many.</param>
    /// <returns>BLEU-k at place k - 1, each in 0 to 1. [4]</returns>
    public static double[] Score(BleuCounts counts)
    {
        var scores = new double[NGrams.Longest];
        double ratio = (counts.CandidateLength + Tiny) / (counts.ReferenceLength + Small);
        double brevityPenalty = ratio < 1 ? Math.Exp(1 - 1 / ratio) : 1;
        double product = 1;
        for (int k = 1; k <= NGrams.Longest; k++)
        {
            product *= (counts.Correct[k - 1] + Tiny) / (counts.Guesses[k - 1] + Small);
            scores[k - 1] = brevityPenalty * Math.Pow(product, 1.0 / k);
        }

        return scores;
    }

    /// <summary>The length of the reference that is closest to the candidate's, of two the shorter.</summary>
    private static int ClosestLength(int length, string[][] references) =>
        references.Select(reference => reference.Length).MinBy(other => (Math.Abs(other - length), other));
}
