namespace VlmSharp.Evaluation.Answers;

/// <summary>
/// 1 if an answer equals one of the references exactly, otherwise 0: GQA, OCR-VQA, and all benchmarks with a fixed set of answers (NLVR2,
/// ScienceQA, AI2D).
/// </summary>
public static class ExactMatch
{
    /// <summary>Scores one answer.</summary>
    /// <param name="answer">What the model said; white space counts.</param>
    /// <param name="references">The correct answers.</param>
    /// <param name="ignoreCase">Whether case is ignored.</param>
    /// <returns>0 or 1.</returns>
    public static double Score(string answer, IReadOnlyList<string> references, bool ignoreCase = false) =>
        references.Contains(answer, ignoreCase ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal) ? 1 : 0;
}
