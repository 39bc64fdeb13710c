namespace VlmSharp.Evaluation.Captions;

/// <summary>What BLEU is made of, of one picture or of many: counts that add up, so that shards can be merged.</summary>
/// <param name="Guesses">For n = 1 to 4, the n-grams of the candidates. [4]</param>
/// <param name="Correct">For n = 1 to 4, those of them that a reference has. [4]</param>
/// <param name="CandidateLength">Words of the candidates.</param>
/// <param name="ReferenceLength">Words of the references, of each picture the one whose length is closest.</param>
public sealed record BleuCounts(IReadOnlyList<long> Guesses, IReadOnlyList<long> Correct, long CandidateLength, long ReferenceLength)
{
    /// <summary>The counts of no picture.</summary>
    public static BleuCounts Zero { get; } = new(new long[NGrams.Longest], new long[NGrams.Longest], 0, 0);

    /// <summary>The counts of two sets of pictures together.</summary>
    /// <param name="a">One set's.</param>
    /// <param name="b">The other's.</param>
    /// <returns>The sum of each.</returns>
    public static BleuCounts operator +(BleuCounts a, BleuCounts b) => new(
        [.. a.Guesses.Zip(b.Guesses, (x, y) => x + y)],
        [.. a.Correct.Zip(b.Correct, (x, y) => x + y)],
        a.CandidateLength + b.CandidateLength,
        a.ReferenceLength + b.ReferenceLength);
}
