namespace VlmSharp.Evaluation.Captions;

/// <summary>
/// ROUGE-L (Lin 2004, section 3), as used to score COCO's captions: the length of the longest common subsequence of words in candidate and
/// reference.
/// <code>
/// P = max over references of LCS(candidate, reference) / |candidate|
/// R = max over references of LCS(candidate, reference) / |reference|
/// F = (1 + beta^2) P R / (R + beta^2 P)               beta = 1.2
/// </code>
/// The two maxima may come from different references. The score of a corpus is the mean over its pictures.
/// </summary>
public static class RougeL
{
    private const double Beta2 = 1.2 * 1.2;

    /// <summary>Scores one picture.</summary>
    /// <param name="candidate">The caption to score, its words between single spaces; two spaces have an empty word between them.</param>
    /// <param name="references">Human captions, at least one.</param>
    /// <returns>Between 0 and 1. An empty caption has one empty word, so it scores 1 if a reference is empty too.</returns>
    public static double Score(string candidate, IReadOnlyList<string> references)
    {
        string[] words = candidate.Split(' ');
        double precision = 0, recall = 0;
        foreach (string reference in references)
        {
            string[] others = reference.Split(' ');
            double common = LongestCommonSubsequence(words, others);
            precision = Math.Max(precision, common / words.Length);
            recall = Math.Max(recall, common / others.Length);
        }

        return precision == 0 || recall == 0 ? 0 : (1 + Beta2) * precision * recall / (recall + Beta2 * precision);
    }

    /// <summary>
    /// L(i, j), the length for the first i words of a and the first j of b, is L(i-1, j-1) + 1 if their last words are equal, otherwise the
    /// larger of L(i-1, j) and L(i, j-1).
    /// </summary>
    private static int LongestCommonSubsequence(string[] a, string[] b)
    {
        int[] above = new int[b.Length + 1], row = new int[b.Length + 1]; // L(i-1, .) and L(i, .)
        foreach (string word in a)
        {
            for (int j = 1; j <= b.Length; j++)
                row[j] = word == b[j - 1] ? above[j - 1] + 1 : Math.Max(above[j], row[j - 1]);
            (above, row) = (row, above);
        }

        return above[b.Length];
    }
}
