namespace VlmSharp.Evaluation.Answers;

/// <summary>
/// The accuracy of OK-VQA (Marino et al. 2019) and of A-OKVQA's direct answers (Schwenk et al. 2022), as big_vision computes it.
/// <code>
/// accuracy = min(1, #{j : answer_j = answer} / 3)
/// </code>
/// Answers are compared exactly, and no person is left out, unlike the accuracy of VQAv2.
/// </summary>
public static class OkVqaAccuracy
{
    /// <summary>Scores one answer.</summary>
    /// <param name="answer">What the model said, compared letter by letter.</param>
    /// <param name="references">Human answers, ten in the benchmarks.</param>
    /// <returns>Between 0 and 1.</returns>
    public static double Score(string answer, IReadOnlyList<string> references) =>
        Math.Min(1, references.Count(other => other == answer) / 3.0);
}
