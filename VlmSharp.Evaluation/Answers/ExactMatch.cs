namespace VlmSharp.Evaluation.Answers;

/// <summary>
/// 1 where an answer is one of the references letter by letter, else 0: GQA, OCR-VQA, and all benchmarks with a fixed set of answers
/// (NLVR2, ScienceQA, AI2D).
/// </summary>
public static class ExactMatch
{
    /// <summary>Scores one answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="references">What would be right.</param>
    /// <param name="ignoreCase">Whether capitals count as small letters.</param>
    /// <returns>0 or 1.</returns>
    public static double Score(string answer, IReadOnlyList<string> references, bool ignoreCase = false) =>
        references.Contains(answer, ignoreCase ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal) ? 1 : 0;
}
