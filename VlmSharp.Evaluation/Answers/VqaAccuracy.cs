namespace VlmSharp.Evaluation.Answers;

/// <summary>
/// The accuracy of VQA (Antol et al. 2015, section 4) as computed for VQAv2, TextVQA and VizWiz: an answer is correct if three people gave
/// it. Each of the ten people is left out once, so that people can be scored in the same way.
/// <code>
/// accuracy = mean over i = 1..10 of min(1, #{j != i : answer_j = answer} / 3)
/// </code>
/// So 0, 1, 2, 3 and more matching people give 0, 0.3, 0.6, 0.9 and 1. Answers are normalized before they are compared (<c>VqaText</c>),
/// but not if all ten people gave exactly the same answer: "Yes." scores 0 against ten times "yes". The official script and big_vision do
/// so; other implementations do not.
/// </summary>
public static class VqaAccuracy
{
    private const double Enough = 3;

    /// <summary>Scores one answer.</summary>
    /// <param name="answer">What the model said; it is trimmed here, and normalized if the references differ.</param>
    /// <param name="references">Human answers, ten in the benchmarks; at least one.</param>
    /// <returns>Between 0 and 1.</returns>
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
