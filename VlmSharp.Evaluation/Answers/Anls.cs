using System.Text;

namespace VlmSharp.Evaluation.Answers;

/// <summary>
/// Average normalized Levenshtein similarity (Biten et al. 2019, section 4), the score of DocVQA, InfographicVQA and ST-VQA: an answer
/// that was read nearly right counts for how much of it is right.
/// <code>
/// NL(a, b) = (edits that make b of a) / max(|a|, |b|)          in characters, capitals as small letters
/// score    = max over references r of (1 - NL(answer, r) if NL(answer, r) &lt; 0.5 else 0)
/// </code>
/// </summary>
public static class Anls
{
    private const double Boundary = 0.5;

    /// <summary>Scores one answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="references">What would be right.</param>
    /// <param name="keepBoundary">
    /// False for the definition above, which is the paper's and big_vision's. True for that of lmms-eval and M4C: an answer that is just
    /// half wrong counts a half, and white space is made single spaces.
    /// </param>
    /// <returns>0, or in 0.5 to 1.</returns>
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

    /// <summary>Code points, of which an emoji is one, as in Python; UTF-16 would count two.</summary>
    private static Rune[] Characters(string text, bool singleSpaces) =>
        [.. (singleSpaces ? string.Join(' ', PythonText.Split(text)) : text).ToLowerInvariant().EnumerateRunes()];

    /// <summary>
    /// Levenshtein's distance: D(i, j), for the first i characters of one and the first j of the other, is the smallest of D(i-1, j) + 1,
    /// D(i, j-1) + 1 and D(i-1, j-1), plus 1 where the last characters differ.
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
