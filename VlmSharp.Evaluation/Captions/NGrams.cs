namespace VlmSharp.Evaluation.Captions;

/// <summary>How often each stretch of n words stands in a text.</summary>
internal static class NGrams
{
    /// <summary>The longest that BLEU and CIDEr count.</summary>
    public const int Longest = 4;

    /// <summary>The words of a caption: what lies between white space.</summary>
    public static string[] WordsOf(string caption) => PythonText.Split(caption);

    /// <summary>Counts the stretches of n words.</summary>
    /// <param name="words">The words of a text.</param>
    /// <param name="n">From 1.</param>
    /// <returns>For each stretch, its words joined by spaces, how often it is there.</returns>
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
