namespace VlmSharp.Evaluation.Answers;

/// <summary>
/// The scores of POPE (Li et al. 2023, section 5), which asks whether things are in a picture of which half are not: a model that sees what
/// is not there says yes too often. Yes is the positive answer.
/// <code>
/// precision = TP / (TP + FP)    recall = TP / (TP + FN)    F1 = 2 precision recall / (precision + recall)
/// </code>
/// An answer that is neither yes nor no, in small letters, is wrong and is not yes. All values are counts, so shards add up.
/// </summary>
/// <param name="TruePositives">Yes, and the thing is there.</param>
/// <param name="FalsePositives">Yes, and it is not.</param>
/// <param name="TrueNegatives">No, and it is not.</param>
/// <param name="Invalid">Neither yes nor no.</param>
/// <param name="Positives">Questions whose right answer is yes.</param>
/// <param name="Questions">Questions in all.</param>
public sealed record PopeScores(long TruePositives, long FalsePositives, long TrueNegatives, long Invalid, long Positives, long Questions)
{
    /// <summary>The share of right answers, 0 to 1.</summary>
    public double Accuracy => Share(TruePositives + TrueNegatives, Questions);

    /// <summary>The share of yes that is right, 0 to 1; 0 where yes was never said.</summary>
    public double Precision => Share(TruePositives, TruePositives + FalsePositives);

    /// <summary>The share of what is there that was seen, 0 to 1.</summary>
    public double Recall => Share(TruePositives, Positives);

    /// <summary>The harmonic mean of precision and recall, 0 to 1.</summary>
    public double F1 => Precision + Recall == 0 ? 0 : 2 * Precision * Recall / (Precision + Recall);

    /// <summary>The share of yes among all answers; half would be right.</summary>
    public double YesShare => Share(TruePositives + FalsePositives, Questions);

    /// <summary>The share of answers that are yes or no, 0 to 1.</summary>
    public double ValidShare => Share(Questions - Invalid, Questions);

    /// <summary>Counts one answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="references">What is right: yes or no.</param>
    public static PopeScores Of(string answer, IReadOnlyList<string> references)
    {
        string given = answer.ToLowerInvariant();
        bool yes = given == "yes", no = given == "no", isThere = references.Contains("yes", StringComparer.OrdinalIgnoreCase);
        return new PopeScores(Count(yes && isThere), Count(yes && !isThere), Count(no && !isThere), Count(!yes && !no), Count(isThere), 1);

        static long Count(bool is1) => is1 ? 1 : 0;
    }

    /// <summary>The counts of two sets of questions together.</summary>
    /// <param name="a">One set's.</param>
    /// <param name="b">The other's.</param>
    /// <returns>The sum of each.</returns>
    public static PopeScores operator +(PopeScores a, PopeScores b) => new(
        a.TruePositives + b.TruePositives, a.FalsePositives + b.FalsePositives, a.TrueNegatives + b.TrueNegatives,
        a.Invalid + b.Invalid, a.Positives + b.Positives, a.Questions + b.Questions);

    private static double Share(long part, long all) => all == 0 ? 0 : (double)part / all;
}
