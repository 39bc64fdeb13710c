using System.Text;

namespace VlmSharp.Evaluation.Answers;

/// <summary>
/// Average normalized Levenshtein similarity (Biten et al. 2019, section 4), the score of DocVQA, InfographicVQA and ST-VQA: an answer that
/// was read almost correctly gets partial credit.
/// <code>
/// NL(a, b) = (edits that turn a into b) / max(|a|, |b|)        in characters, ignoring case
/// score    = max over references r of (1 - NL(answer, r) if NL(answer, r) &lt; 0.5 else 0)
/// </code>
/// </summary>
public static class Anls
{
    private const double Boundary = 0.5;

    /// <summary>Scores one answer.</summary>
    /// <param name="answer">What the model said.</param>
    /// <param name="references">The correct answers.</param>
    /// <param name="keepBoundary">
    /// False for the definition above, as in the paper and big_vision. True for the variant of lmms-eval and M4C: an answer that is exactly
    /// half wrong scores 0.5, and white space is reduced to single spaces.
    /// </param>
    /// <returns>0, or between 0.5 and 1.</returns>
    public static double Score(string answer, IReadOnlyList<string> references, bool keepBoundary = false)
    {
        double best = 0;
        foreach (string reference in references)
        {
            Rune[] a = Characters(answer, keepBoundary), b = Characters(reference, keepBoundary);
            int longest = Math.Max(a.Length, b.Length);
            double distance = longest == 0 ? 0 : (double)Edits(a, b) / longest;
            if (distance < Boundary || (keepBoundary && distance == Boundary)) best = Math.Max(best, 1 - distance);
        }

        return best;
    }

    /// <summary>Code points, as in Python. An emoji is one code point, but two UTF-16 units.</summary>
    private static Rune[] Characters(string text, bool singleSpaces) =>
        [.. (singleSpaces ? string.Join(' ', PythonText.Split(text)) : text).ToLowerInvariant().EnumerateRunes()];

    /// <summary>
    /// The Levenshtein distance. D(i, j), for the first i characters of a and the first j of b, is the smallest of D(i-1, j) + 1, D(i, j-1)
    /// + 1 and D(i-1, j-1), the last plus 1 if the last characters differ.
    /// </summary>
    private static int Edits(Rune[] a, Rune[] b)
    {
        int[] above = [.. Enumerable.Range(0, b.Length + 1)], row = new int[b.Length + 1]; // D(i-1, .) and D(i, .)
        for (int i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
                row[j] = Math.Min(Math.Min(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
            (above, row) = (row, above);
        }

        return above[b.Length];
    }
}
