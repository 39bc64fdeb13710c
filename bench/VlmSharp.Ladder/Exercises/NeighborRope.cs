namespace VlmSharp.Ladder.Exercises;

/// <summary>
/// Solution of the exercise of <c>docs/operator.md</c>: the rotary embedding with the pairs of the paper (Su et al. 2021, eq. 34),
/// neighbors (2j, 2j + 1), in place of Gemma's halves (j, j + D/2).
/// </summary>
public static class NeighborRope
{
    /// <summary>y[2j] = x[2j] cos_j - x[2j + 1] sin_j, y[2j + 1] = x[2j + 1] cos_j + x[2j] sin_j.</summary>
    /// <param name="x">[D], one head of one token.</param>
    /// <param name="cos">[D / 2].</param>
    /// <param name="sin">[D / 2].</param>
    /// <param name="y">[D].</param>
    public static void Turn(ReadOnlySpan<float> x, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin, Span<float> y)
    {
        for (int j = 0; j < cos.Length; j++)
        {
            y[2 * j] = x[2 * j] * cos[j] - x[2 * j + 1] * sin[j];
            y[2 * j + 1] = x[2 * j + 1] * cos[j] + x[2 * j] * sin[j];
        }
    }

    /// <summary>
    /// The place among the neighbors of feature <paramref name="i"/> of the halves. If the rows of the query's and the key's matrices are
    /// permuted in this way, either operator can be used: a sum over features does not depend on their order, so q . k is the same.
    /// </summary>
    public static int FromHalves(int i, int headDim) => i < headDim / 2 ? 2 * i : 2 * (i - headDim / 2) + 1;
}
