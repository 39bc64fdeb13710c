namespace VlmSharp.Compute;

/// <summary>
/// The keys (after the rotary embedding) and values of one sequence, per decoder layer <c>[length, kvHeads * headDim]</c>. It belongs to
/// the session that generates, never to the model, so one model serves any number of sessions.
/// </summary>
public abstract class KvCache : IDisposable
{
    /// <summary>Creates an empty cache.</summary>
    /// <param name="layers">Number of decoder layers.</param>
    /// <param name="width">Features of one key row: kvHeads * headDim.</param>
    /// <param name="capacity">Tokens it can hold.</param>
    protected KvCache(int layers, int width, int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(layers);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        Layers = layers;
        Width = width;
        Capacity = capacity;
    }

    /// <summary>Number of decoder layers.</summary>
    public int Layers { get; }

    /// <summary>Features of one key or value row: kvHeads * headDim.</summary>
    public int Width { get; }

    /// <summary>Tokens it can hold.</summary>
    public int Capacity { get; }

    /// <summary>Tokens it holds. Advanced once per step, after the last layer, by <see cref="SequenceBatch.Advance"/>.</summary>
    public int Length { get; private set; }

    /// <summary>Removes all but the first <paramref name="length"/> tokens.</summary>
    /// <param name="length">Tokens to keep, at most <see cref="Length"/>.</param>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        Length = length;
    }

    /// <summary>Adds tokens to the length, after operators have written their rows in every layer.</summary>
    /// <param name="count">New tokens.</param>
    public void Grow(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Capacity - Length);
        Length += count;
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the memory.</summary>
    /// <param name="disposing">True when called from <see cref="Dispose()"/>.</param>
    protected abstract void Dispose(bool disposing);
}
