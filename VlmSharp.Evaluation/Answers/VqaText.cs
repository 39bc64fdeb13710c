using System.Text.RegularExpressions;

namespace VlmSharp.Evaluation.Answers;

/// <summary>
/// Normalizes answers as the VQA evaluation does (Antol et al. 2015, section 4; the official vqaEval.py): lower case, no articles, digits
/// for number words, no punctuation, apostrophes restored. The script's accidental behavior is kept, because the published numbers include
/// it.
/// </summary>
internal static partial class VqaText
{
    private const string Marks = """;/[]"{}()=+\_-><@`,?!""";

    // The official script passes a flag where the number of replacements belongs.
    private const int MostPeriods = 32;

    private const int MostAsWord = 10;

    /// <summary>The first step: line breaks and tabs become spaces, and spaces at both ends are removed.</summary>
    public static string Trim(string answer) => PythonText.Strip(answer.Replace('\n', ' ').Replace('\t', ' '));

    /// <summary>Applies both steps.</summary>
    public static string Normalize(string answer) => DigitsAndArticles(Punctuation(answer));

    /// <summary>
    /// Removes punctuation. A mark next to a space anywhere in the answer is deleted; any other mark becomes a space. If a comma stands
    /// between digits, every mark is deleted. Periods are deleted unless a digit follows. Apostrophes, $, %, #, :, &amp; and * stay.
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

    // The official expression was meant to match a period without a digit before it either, but it has a mistake.
    [GeneratedRegex(@"\.(?!\d)", RegexOptions.CultureInvariant)]
    private static partial Regex Period();
}
