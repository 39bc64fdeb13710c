namespace VlmSharp.Compute.Operators;

/// <summary>
/// Copies tokens between caches, in every layer: rows [start, start + count) of the destination become those of the source. Lengths do not
/// change. Copies 2 * layers * count * width numbers. This is the cost of a beam that continues another one: only new tokens are copied,
/// because the prompt is the same in all beams. Changes the destination; has no result.
/// </summary>
/// <param name="Source">Has at least start + count tokens.</param>
/// <param name="Destination">Another cache of the same layers and width, with room for them.</param>
/// <param name="Start">First token.</param>
/// <param name="Count">How many tokens; 0 copies nothing.</param>
public readonly record struct CopyKeyValues(KvCache Source, KvCache Destination, int Start, int Count) : IOperator
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Source != Destination && Source.Layers == Destination.Layers && Source.Width == Destination.Width
            && Start >= 0 && Count >= 0 && Start <= Source.Length - Count && Start <= Destination.Capacity - Count,
            $"CopyKeyValues: tokens {Start} to {Start} + {Count} of {Source.Length}, {Source.Layers} layers of width {Source.Width}, "
            + $"into {Destination.Layers} layers of width {Destination.Width} and {Destination.Capacity} tokens");
        return null;
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.CopyKeyValues"/>
    public static void CopyKeyValues(this IComputeBackend b, KvCache source, KvCache destination, int start, int count) =>
        b.Run(new CopyKeyValues(source, destination, start, count));

    /// <summary>
    /// Keeps the first tokens of a cache and copies the others from a source; afterwards both hold the same tokens. For sequences with a
    /// common beginning, whose rows need not be copied.
    /// </summary>
    /// <param name="cache">The cache that changes.</param>
    /// <param name="b">The backend that made both caches.</param>
    /// <param name="source">The cache to copy from.</param>
    /// <param name="start">The number of tokens that both have in common, at most the smaller <see cref="KvCache.Length"/>.</param>
    public static void CopyFrom(this KvCache cache, IComputeBackend b, KvCache source, int start)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, source.Length);
        var copy = new CopyKeyValues(source, cache, start, source.Length - start);
        copy.Check(); // a copy that is refused leaves the cache as it was
        cache.Truncate(start);
        b.Run(copy);
        cache.Grow(copy.Count);
    }
}
