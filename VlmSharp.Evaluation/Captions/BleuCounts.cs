namespace VlmSharp.Evaluation.Captions;

/// <summary>The counts that BLEU is computed from, of one picture or many. They can be added to merge shards.</summary>
/// <param name="Guesses">For n = 1 to 4, the n-grams of the candidates. [4]</param>
/// <param name="Correct">For n = 1 to 4, those of them that a reference has. [4]</param>
/// <param name="CandidateLength">Words of the candidates.</param>
/// <param name="ReferenceLength">Words of the references; for each picture, of the one with the closest length.</param>
public sealed record BleuCounts(IReadOnlyList<long> Guesses, IReadOnlyList<long> Correct, long CandidateLength, long ReferenceLength)
{
    /// <summary>The counts of zero pictures.</summary>
    public static BleuCounts Zero { get; } = new(new long[NGrams.Longest], new long[NGrams.Longest], 0, 0);

    /// <summary>Adds the counts of two sets of pictures.</summary>
    /// <param name="a">The counts of one set.</param>
    /// <param name="b">The counts of the other.</param>
    /// <returns>The sum of each count.</returns>
    public static BleuCounts operator +(BleuCounts a, BleuCounts b) => new(
        [.. a.Guesses.Zip(b.Guesses, (x, y) => x + y)],
        [.. a.Correct.Zip(b.Correct, (x, y) => x + y)],
        a.CandidateLength + b.CandidateLength,
        a.ReferenceLength + b.ReferenceLength);
}
