namespace VlmSharp.Compute;

/// <summary>
/// Integers on the backend: token ids, or numbers of rows. Uploaded once and read by as many operators as need them. The host
/// knows their range, so that an operator is checked without a look at the device.
/// </summary>
public readonly struct Indices : IDisposable, IEquatable<Indices>
{
    private readonly StorageHandle handle;

    /// <summary>Makes a handle: what <see cref="IComputeBackend.Upload(ReadOnlySpan{int})"/> returns.</summary>
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

    /// <summary>How many.</summary>
    public int Count { get; }

    /// <summary>The smallest; 0 of none.</summary>
    public int Lowest { get; }

    /// <summary>The largest; 0 of none.</summary>
    public int Highest { get; }

    /// <summary>False for <c>default(Indices)</c>.</summary>
    public bool HasValue => handle.HasValue;

    /// <summary>The block behind this handle, for the backend that owns it.</summary>
    /// <exception cref="ObjectDisposedException">They were disposed of, or are <c>default</c>.</exception>
    public BackendStorage Storage => handle.Get(typeof(Indices));

    /// <summary>Whether all of them are numbers of rows of a matrix.</summary>
    /// <param name="rows">Rows that there are.</param>
    /// <returns>True if all are at least 0 and below.</returns>
    public bool AreWithin(int rows) => Count == 0 || (Lowest >= 0 && Highest < rows);

    /// <summary>Gives the block back. Does nothing on <c>default</c> and a second time.</summary>
    public void Dispose() => handle.Release();

    /// <summary>Count and range, for messages.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{Count} of {Lowest}..{Highest}";

    /// <inheritdoc/>
    public bool Equals(Indices other) => handle == other.handle;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Indices other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => handle.GetHashCode();

    /// <summary>Whether both name the same block in the same life.</summary>
    /// <param name="left">Some indices.</param>
    /// <param name="right">Others.</param>
    /// <returns>True if equal.</returns>
    public static bool operator ==(Indices left, Indices right) => left.Equals(right);

    /// <summary>Whether they name different blocks.</summary>
    /// <param name="left">Some indices.</param>
    /// <param name="right">Others.</param>
    /// <returns>True if different.</returns>
    public static bool operator !=(Indices left, Indices right) => !left.Equals(right);
}
