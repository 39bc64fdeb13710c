namespace VlmSharp.Evaluation.Answers;

/// <summary>
/// The accuracy of TallyQA (Acharya et al. 2019), whose answers are counts: 1 if the number is correct. Number words up to twenty, and
/// none, count as numbers.
/// </summary>
public static class CountAccuracy
{
    private const int MostAsWord = 20;

    /// <summary>Scores one answer.</summary>
    /// <param name="answer">A number in digits or in words, up to <c>MostAsWord</c>; case and white space around it are ignored.</param>
    /// <param name="references">The correct answers.</param>
    /// <returns>0 or 1.</returns>
    public static double Score(string answer, IReadOnlyList<string> references) =>
        ExactMatch.Score(Digits(answer), [.. references.Select(Digits)]);

    private static string Digits(string answer) => NumberWords.ToDigits(PythonText.Strip(answer).ToLowerInvariant(), MostAsWord);
}
