namespace VlmSharp.Evaluation.Captions;

/// <summary>Counts the n-grams of a text.</summary>
internal static class NGrams
{
    /// <summary>The longest n-grams that BLEU and CIDEr count.</summary>
    public const int Longest = 4;

    /// <summary>The words of a caption: the text between white space.</summary>
    public static string[] WordsOf(string caption) => PythonText.Split(caption);

    /// <summary>Counts the n-grams of one length.</summary>
    /// <param name="words">The words of a text.</param>
    /// <param name="n">The length, from 1.</param>
    /// <returns>For each n-gram, its words joined by spaces, how often it occurs.</returns>
    public static Dictionary<string, int> Count(string[] words, int n)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i + n <= words.Length; i++)
        {
            string ngram = string.Join(' ', words, i, n);
            counts[ngram] = counts.GetValueOrDefault(ngram) + 1;
        }

        return counts;
    }
}
