namespace VlmSharp.Generation.Processors;

/// <summary>Removes every token that a <see cref="ITokenConstraint"/> does not allow. Runs before all processors.</summary>
internal static class AllowedTokens
{
    /// <summary>Removes all but the allowed tokens.</summary>
    /// <param name="scores">[V], changed in place.</param>
    /// <param name="allowed">Ids in ascending order; empty allows every token.</param>
    public static void Apply(Span<float> scores, ReadOnlySpan<int> allowed)
    {
        if (allowed.IsEmpty) return;
        int from = 0;
        foreach (int id in allowed)
        {
            if ((uint)id >= (uint)scores.Length || id < from)
                throw new InvalidOperationException($"The token constraint allows id {id} behind {from - 1}: ids must ascend and be below {scores.Length}.");
            scores[from..id].Fill(float.NegativeInfinity);
            from = id + 1;
        }

        scores[from..].Fill(float.NegativeInfinity);
    }
}
