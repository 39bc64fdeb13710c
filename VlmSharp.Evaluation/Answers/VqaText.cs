using System.Text.RegularExpressions;

namespace VlmSharp.Evaluation.Answers;

/// <summary>
/// Answers as the VQA evaluation compares them (Antol et al. 2015, section 4; the official vqaEval.py): lower case, no articles, digits for
/// number words, no punctuation, apostrophes put back. What it does by accident is done here too, for the published numbers have it.
/// </summary>
internal static partial class VqaText
{
    private const string Marks = """;/[]"{}()=+\_-><@`,?!""";

    // The official script passes a flag where the number of replacements belongs.
    private const int MostPeriods = 32;

    private const int MostAsWord = 10;

    /// <summary>An answer before anything else: line breaks and tabs are spaces, none at its ends.</summary>
    public static string Trim(string answer) => PythonText.Strip(answer.Replace('\n', ' ').Replace('\t', ' '));

    /// <summary>Both steps.</summary>
    public static string Normalize(string answer) => DigitsAndArticles(Punctuation(answer));

    /// <summary>
    /// Takes punctuation away. A mark that stands beside a space somewhere in the answer vanishes, another one becomes a space; where a
    /// comma stands between digits, every mark vanishes. Periods vanish unless a digit follows. Apostrophes, $, %, #, :, &amp; and * stay.
    /// </summary>
    public static string Punctuation(string answer)
    {
        bool hasNumberWithComma = CommaInNumber().IsMatch(answer);
        string text = answer;
        foreach (char mark in Marks)
        {
            bool vanishes = hasNumberWithComma
                || answer.Contains($"{mark} ", StringComparison.Ordinal) || answer.Contains($" {mark}", StringComparison.Ordinal);
            text = text.Replace($"{mark}", vanishes ? "" : " ", StringComparison.Ordinal);
        }

        return Period().Replace(text, "", MostPeriods);
    }

    /// <summary>Lower case, digits for the words none and zero to ten, no a, an and the, and contractions with their apostrophes.</summary>
    public static string DigitsAndArticles(string answer) => string.Join(' ', PythonText.Split(answer.ToLowerInvariant())
        .Select(word => NumberWords.ToDigits(word, MostAsWord))
        .Where(word => word is not ("a" or "an" or "the"))
        .Select(Contractions.Complete));

    [GeneratedRegex(@"\d,\d", RegexOptions.CultureInvariant)]
    private static partial Regex CommaInNumber();

    // Meant was a period that has no digit before it either, but for a slip in the official expression.
    [GeneratedRegex(@"\.(?!\d)", RegexOptions.CultureInvariant)]
    private static partial Regex Period();
}
