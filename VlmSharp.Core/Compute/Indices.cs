namespace VlmSharp.Compute;

/// <summary>
/// Integers on the backend: token ids or row numbers. They are uploaded once and can be read by any number of operators. The host knows
/// their range, so that it can check an operator without reading from the device.
/// </summary>
public readonly struct Indices : IDisposable, IEquatable<Indices>
{
    private readonly StorageHandle handle;

    /// <summary>Makes the handle that <see cref="IComputeBackend.Upload(ReadOnlySpan{int})"/> returns.</summary>
    /// <param name="storage">A block that the backend has just handed out, which holds the values as 32-bit integers.</param>
    /// <param name="values">The same values on the host, from which the range is taken.</param>
    public Indices(BackendStorage storage, ReadOnlySpan<int> values)
    {
        handle = new StorageHandle(storage);
        Count = values.Length;
        if (values.IsEmpty) return;
        (Lowest, Highest) = (int.MaxValue, int.MinValue);
        foreach (int value in values) (Lowest, Highest) = (Math.Min(Lowest, value), Math.Max(Highest, value));
    }

    /// <summary>The number of integers.</summary>
    public int Count { get; }

    /// <summary>The smallest; 0 if there are none.</summary>
    public int Lowest { get; }

    /// <summary>The largest; 0 if there are none.</summary>
    public int Highest { get; }

    /// <summary>False for <c>default(Indices)</c>.</summary>
    public bool HasValue => handle.HasValue;

    /// <summary>The block of this handle, for the backend that owns it.</summary>
    /// <exception cref="ObjectDisposedException">The indices were disposed of, or are <c>default</c>.</exception>
    public BackendStorage Storage => handle.Get(typeof(Indices));

    /// <summary>Whether all of them are row numbers of a matrix.</summary>
    /// <param name="rows">The matrix's rows.</param>
    /// <returns>True if all are at least 0 and below <paramref name="rows"/>.</returns>
    public bool AreWithin(int rows) => Count == 0 || (Lowest >= 0 && Highest < rows);

    /// <summary>Releases the block. Does nothing on <c>default</c> and when called a second time.</summary>
    public void Dispose() => handle.Release();

    /// <summary>Count and range, for messages.</summary>
    /// <returns>For instance <c>3 of 0..7</c>.</returns>
    public override string ToString() => $"{Count} of {Lowest}..{Highest}";

    /// <inheritdoc/>
    public bool Equals(Indices other) => handle == other.handle;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Indices other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => handle.GetHashCode();

    /// <summary>Whether both refer to the same block in the same generation.</summary>
    /// <param name="left">Some indices.</param>
    /// <param name="right">Other indices, also of another backend.</param>
    /// <returns>True if equal.</returns>
    public static bool operator ==(Indices left, Indices right) => left.Equals(right);

    /// <summary>Whether they refer to different blocks or generations.</summary>
    /// <param name="left">Some indices.</param>
    /// <param name="right">Other indices, also of another backend.</param>
    /// <returns>True if different.</returns>
    public static bool operator !=(Indices left, Indices right) => !left.Equals(right);
}
