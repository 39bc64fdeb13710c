namespace VlmSharp.Evaluation.Captions;

/// <summary>
/// BLEU-1 to BLEU-4 (Papineni et al. 2002, section 2.3), as used to score COCO's captions: how many of a candidate's n-grams a reference
/// has.
/// <code>
/// p_n    = (sum over pictures of the correct n-grams) / (sum over pictures of the candidates' n-grams)
/// BP     = min(1, exp(1 - r / c))                     c words of the candidates, r words of the closest references
/// BLEU-k = BP (p_1 p_2 ... p_k)^(1/k)
/// </code>
/// If a candidate repeats an n-gram more often than every reference, it is correct only as often as in the reference that has it most. The
/// sums are taken over the corpus before the division, so the BLEU of a corpus is not the mean of its pictures' BLEU.
/// </summary>
public static class Bleu
{
    // The reference code's guards against 0 / 0. They affect the ninth decimal, and scores that would be 0.
    private const double Tiny = 1e-15, Small = 1e-9;

    /// <summary>Counts one picture.</summary>
    /// <param name="candidate">The caption to score, its words separated by white space.</param>
    /// <param name="references">Human captions, at least one.</param>
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

    /// <summary>BLEU-1 to BLEU-4 from counts.</summary>
    /// <param name="counts">The counts of one picture, or the sum of many.</param>
    /// <returns>BLEU-k at index k - 1, each between 0 and 1. [4]</returns>
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

    /// <summary>The length of the reference closest to the candidate's; the shorter one if two are equally close.</summary>
    private static int ClosestLength(int length, string[][] references) =>
        references.Select(reference => reference.Length).MinBy(other => (Math.Abs(other - length), other));
}
