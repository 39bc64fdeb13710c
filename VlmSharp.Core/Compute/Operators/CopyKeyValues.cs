namespace VlmSharp.Compute.Operators;

/// <summary>
/// Copies tokens between caches, in every layer: rows [start, start + count) of the destination become those of the source. Lengths
/// stay. Moves 2 * layers * count * width numbers, which is what a beam costs that continues another: its new tokens, for the
/// prompt's are the same in all beams. An effect, without a result.
/// </summary>
/// <param name="Source">Has at least start + count tokens.</param>
/// <param name="Destination">Another cache of the same layers and width, with room for them.</param>
/// <param name="Start">First token.</param>
/// <param name="Count">Tokens.</param>
public readonly record struct CopyKeyValues(KvCache Source, KvCache Destination, int Start, int Count) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Source != Destination && Source.Layers == Destination.Layers && Source.Width == Destination.Width && Start >= 0 && Count >= 0
            && Start <= Source.Length - Count && Start <= Destination.Capacity - Count,
            $"CopyKeyValues: tokens {Start} to {Start} + {Count} of {Source.Length}, {Source.Layers} layers of width {Source.Width}, into {Destination.Layers} layers of width {Destination.Width} and {Destination.Capacity} tokens");
        return null;
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.CopyKeyValues"/>
    public static void CopyKeyValues(this IComputeBackend b, KvCache source, KvCache destination, int start, int count) =>
        b.Run(new CopyKeyValues(source, destination, start, count));

    /// <summary>
    /// A cache becomes the first tokens that it has already and then the source's: after it, both hold the same number of tokens. For
    /// sequences with a common beginning, whose rows there need not move.
    /// </summary>
    /// <param name="cache">The cache.</param>
    /// <param name="b">The backend that made both caches.</param>
    /// <param name="source">Where the tokens come from.</param>
    /// <param name="start">Tokens that both have in common, at most either's <see cref="KvCache.Length"/>.</param>
    public static void CopyFrom(this KvCache cache, IComputeBackend b, KvCache source, int start)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, source.Length);
        cache.Truncate(start);
        b.CopyKeyValues(source, cache, start, source.Length - start);
        cache.Grow(source.Length - start);
    }
}
