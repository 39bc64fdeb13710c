namespace VlmSharp.Evaluation.Answers;

/// <summary>
/// The accuracy of VQA (Antol et al. 2015, section 4) as it is computed for VQAv2, TextVQA and VizWiz: an answer is right when three people
/// gave it. Each of the ten people is left out once, so that people could be scored the same way.
/// <code>
/// accuracy = mean over i = 1..10 of min(1, #{j != i : answer_j = answer} / 3)
/// </code>
/// That makes 0, 0.3, 0.6, 0.9 and 1 of 0, 1, 2, 3 and more people. Answers are normalized before they are compared
/// (<c>VqaText</c>), but not where all ten people agree letter by letter: "Yes." has 0 against ten times "yes". The official script is so,
/// and so is big_vision's; others are not.
/// </summary>
public static class VqaAccuracy
{
    private const double Enough = 3;

    /// <summary>Scores one answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="references">The answers of people, ten in the benchmarks; at least one.</param>
    /// <returns>In 0 to 1.</returns>
    public static double Score(string answer, IReadOnlyList<string> references)
    {
        string given = VqaText.Trim(answer);
        string[] answers = [.. references.Select(VqaText.Trim)];
        if (answers.Distinct(StringComparer.Ordinal).Count() > 1)
        {
            given = VqaText.Normalize(given);
            answers = [.. answers.Select(VqaText.Normalize)];
        }

        int same = answers.Count(other => other == given);
        return answers.Select(own => Math.Min(1, (same - (own == given ? 1 : 0)) / Enough)).Sum() / answers.Length;
    }
}
