namespace VlmSharp.Evaluation.Answers;

/// <summary>
/// The accuracy of OK-VQA (Marino et al. 2019) and of A-OKVQA's direct answers (Schwenk et al. 2022), as big_vision computes it.
/// <code>
/// accuracy = min(1, #{j : answer_j = answer} / 3)
/// </code>
/// Letter by letter, and nobody is left out: not the accuracy of VQAv2.
/// </summary>
public static class OkVqaAccuracy
{
    /// <summary>Scores one answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="references">The answers of people, ten in the benchmarks.</param>
    /// <returns>In 0 to 1.</returns>
    public static double Score(string answer, IReadOnlyList<string> references) =>
        Math.Min(1, references.Count(other => other == answer) / 3.0);
}
