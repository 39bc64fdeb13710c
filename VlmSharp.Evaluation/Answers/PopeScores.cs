namespace VlmSharp.Evaluation.Answers;

/// <summary>
/// The scores of POPE (Li et al. 2023, section 5). It asks whether an object is in a picture; half of the objects are not. A model that
/// hallucinates says yes too often. Yes is the positive answer.
/// <code>
/// precision = TP / (TP + FP)    recall = TP / (TP + FN)    F1 = 2 precision recall / (precision + recall)
/// </code>
/// Answers are compared in lower case. An answer that is neither yes nor no is wrong and does not count as yes. All values are counts, so
/// shards can be added.
/// </summary>
/// <param name="TruePositives">Answers of yes where the object is present.</param>
/// <param name="FalsePositives">Answers of yes where it is not.</param>
/// <param name="TrueNegatives">Answers of no where it is not.</param>
/// <param name="Invalid">Answers that are neither yes nor no.</param>
/// <param name="Positives">Questions whose correct answer is yes.</param>
/// <param name="Questions">All questions.</param>
public sealed record PopeScores(long TruePositives, long FalsePositives, long TrueNegatives, long Invalid, long Positives, long Questions)
{
    /// <summary>The share of correct answers, 0 to 1.</summary>
    public double Accuracy => Share(TruePositives + TrueNegatives, Questions);

    /// <summary>The share of yes answers that are correct, 0 to 1; 0 if there is none.</summary>
    public double Precision => Share(TruePositives, TruePositives + FalsePositives);

    /// <summary>The share of present objects that were answered with yes, 0 to 1.</summary>
    public double Recall => Share(TruePositives, Positives);

    /// <summary>The harmonic mean of precision and recall, 0 to 1.</summary>
    public double F1 => Precision + Recall == 0 ? 0 : 2 * Precision * Recall / (Precision + Recall);

    /// <summary>The share of yes among all answers; the correct share is one half.</summary>
    public double YesShare => Share(TruePositives + FalsePositives, Questions);

    /// <summary>The share of answers that are yes or no, 0 to 1.</summary>
    public double ValidShare => Share(Questions - Invalid, Questions);

    /// <summary>Counts one answer.</summary>
    /// <param name="answer">Yes or no in any case; everything else counts as neither.</param>
    /// <param name="references">The correct answer: yes or no.</param>
    public static PopeScores Of(string answer, IReadOnlyList<string> references)
    {
        string given = answer.ToLowerInvariant();
        bool yes = given == "yes", no = given == "no", isThere = references.Contains("yes", StringComparer.OrdinalIgnoreCase);
        return new PopeScores(Count(yes && isThere), Count(yes && !isThere), Count(no && !isThere), Count(!yes && !no), Count(isThere), 1);

        static long Count(bool is1) => is1 ? 1 : 0;
    }

    /// <summary>Adds the counts of two sets of questions.</summary>
    /// <param name="a">The counts of one set.</param>
    /// <param name="b">The counts of the other.</param>
    /// <returns>The sum of each count.</returns>
    public static PopeScores operator +(PopeScores a, PopeScores b) => new(
        a.TruePositives + b.TruePositives, a.FalsePositives + b.FalsePositives, a.TrueNegatives + b.TrueNegatives,
        a.Invalid + b.Invalid, a.Positives + b.Positives, a.Questions + b.Questions);

    private static double Share(long part, long all) => all == 0 ? 0 : (double)part / all;
}
