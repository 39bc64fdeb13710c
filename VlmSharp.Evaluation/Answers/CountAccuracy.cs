namespace VlmSharp.Evaluation.Answers;

/// <summary>
/// The accuracy of TallyQA (Acharya et al. 2019), whose answers are counts: 1 where the number is right. Number words up to twenty, and
/// none, are numbers.
/// </summary>
public static class CountAccuracy
{
    private static readonly string[] Words =
    [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
        "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
    ];

    /// <summary>Scores one answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="references">What would be right.</param>
    /// <returns>0 or 1.</returns>
    public static double Score(string answer, IReadOnlyList<string> references) => ExactMatch.Score(Digits(answer), [.. references.Select(Digits)]);

    private static string Digits(string answer)
    {
        string word = PythonText.Strip(answer).ToLowerInvariant();
        return word == "none" ? "0" : Array.IndexOf(Words, word) is >= 0 and var number ? $"{number}" : word;
    }
}
