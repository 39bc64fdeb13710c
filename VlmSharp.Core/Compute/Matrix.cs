namespace VlmSharp.Compute;

/// <summary>
/// A matrix of activations, row-major <c>[rows, columns]</c>, in storage that its backend owns. One row is one
/// token, patch or pixel row: batches are ragged, so the sequences of a step lie one after another in the rows.
/// </summary>
/// <remarks>
/// A tensor is a handle on a pooled block: operators draw the block from the backend's pool and
/// <see cref="Dispose"/> gives it back, so that steady-state decoding allocates nothing on the managed heap.
/// The handle carries the block's generation: one used after its block went back to the pool throws
/// <see cref="ObjectDisposedException"/> and never reads another tensor's numbers. Who needs a tensor for longer
/// than its maker (a tape that replays the step backwards) takes a second reference with <see cref="Retain"/>.
/// </remarks>
public readonly struct Matrix : IDisposable, IEquatable<Matrix>
{
    private readonly MatrixStorage? storage;
    private readonly long generation;

    internal Matrix(MatrixStorage storage, int rows, int columns)
    {
        this.storage = storage;
        generation = storage.Generation;
        Rows = rows;
        Columns = columns;
    }

    /// <summary>Number of rows (tokens, patches).</summary>
    public int Rows { get; }

    /// <summary>Number of columns (features).</summary>
    public int Columns { get; }

    /// <summary>Rows times columns.</summary>
    public long Length => (long)Rows * Columns;

    /// <summary>False for <c>default(Matrix)</c>, which stands for "none" in optional arguments.</summary>
    public bool HasValue => storage is not null;

    /// <summary>The block behind this handle, for the backend that owns it.</summary>
    /// <exception cref="ObjectDisposedException">The tensor was disposed of, or is <c>default</c>.</exception>
    public MatrixStorage Storage
    {
        get
        {
            ObjectDisposedException.ThrowIf(storage is null || storage.Generation != generation, typeof(Matrix));
            return storage;
        }
    }

    /// <summary>Takes one more reference: the block returns to the pool after one more <see cref="Dispose"/>.</summary>
    /// <returns>The same tensor.</returns>
    public Matrix Retain()
    {
        Storage.AddReference();
        return this;
    }

    /// <summary>Gives one reference back. Does nothing on <c>default</c> and on a tensor that is gone already.</summary>
    public void Dispose()
    {
        if (storage is not null && storage.Generation == generation) storage.Release();
    }

    /// <summary>The shape as <c>[rows, columns]</c>, for messages.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"[{Rows}, {Columns}]";

    /// <inheritdoc/>
    public bool Equals(Matrix other) => storage == other.storage && generation == other.generation;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Matrix other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(storage, generation);

    /// <summary>Whether both name the same block in the same life.</summary>
    /// <param name="left">One tensor.</param>
    /// <param name="right">Another.</param>
    /// <returns>True if equal.</returns>
    public static bool operator ==(Matrix left, Matrix right) => left.Equals(right);

    /// <summary>Whether they name different blocks.</summary>
    /// <param name="left">One tensor.</param>
    /// <param name="right">Another.</param>
    /// <returns>True if different.</returns>
    public static bool operator !=(Matrix left, Matrix right) => !left.Equals(right);
}

/// <summary>A pooled block of a backend's memory. Each backend derives its own (host memory, device memory).</summary>
public abstract class MatrixStorage
{
    private int references;

    /// <summary>Which life of the block this is: it grows by one whenever the block returns to the pool.</summary>
    internal long Generation { get; private set; }

    /// <summary>Called by the pool as it hands the block out: the maker holds the first reference.</summary>
    internal void Activate() => references = 1;

    internal void AddReference() => references++;

    internal void Release()
    {
        if (--references > 0) return;
        Generation++;
        ReturnToPool();
    }

    /// <summary>Puts the block back where the backend takes blocks from.</summary>
    protected abstract void ReturnToPool();
}
