namespace VlmSharp.Compute;

/// <summary>
/// A matrix of activations, row-major <c>[rows, columns]</c>, fp32, in storage that its backend owns. One row is one token, patch or pixel
/// row. Batches are ragged: the rows of a step's sequences follow one another.
/// </summary>
/// <remarks>
/// A matrix is a handle on a pooled block. Operators take the block from the backend's pool and <see cref="Dispose"/> returns it, so
/// steady-state decoding allocates nothing on the managed heap. The handle stores the block's generation: a handle that is used after its
/// block went back to the pool throws <see cref="ObjectDisposedException"/> and never reads another matrix's numbers. Code that needs a
/// matrix for longer than its creator (such as a tape) takes a second reference with <see cref="Retain"/>.
/// </remarks>
public readonly struct Matrix : IDisposable, IEquatable<Matrix>
{
    private readonly StorageHandle handle;

    /// <summary>Makes the handle that a backend returns.</summary>
    /// <param name="storage">A block that the backend has just handed out, with room for the numbers.</param>
    /// <param name="rows">Rows, at least 0.</param>
    /// <param name="columns">Columns, at least 0.</param>
    public Matrix(BackendStorage storage, int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        handle = new StorageHandle(storage);
        Rows = rows;
        Columns = columns;
    }

    /// <summary>Number of rows (tokens, patches).</summary>
    public int Rows { get; }

    /// <summary>Number of columns (features).</summary>
    public int Columns { get; }

    /// <summary>Rows and columns.</summary>
    public MatrixShape Shape => new(Rows, Columns);

    /// <summary>Rows times columns.</summary>
    public long Length => (long)Rows * Columns;

    /// <summary>False for <c>default(Matrix)</c>, which stands for "none" in optional arguments.</summary>
    public bool HasValue => handle.HasValue;

    /// <summary>Whether another matrix has the same shape.</summary>
    /// <param name="other">Another matrix.</param>
    /// <returns>True if so.</returns>
    public bool SameShape(Matrix other) => Rows == other.Rows && Columns == other.Columns;

    /// <summary>The block of this handle, for the backend that owns it.</summary>
    /// <exception cref="ObjectDisposedException">The matrix was disposed of, or is <c>default</c>.</exception>
    public BackendStorage Storage => handle.Get(typeof(Matrix));

    /// <summary>Takes one more reference: the block returns to the pool after one more <see cref="Dispose"/>.</summary>
    /// <returns>The same matrix.</returns>
    public Matrix Retain()
    {
        Storage.AddReference();
        return this;
    }

    /// <summary>Releases one reference. Does nothing on <c>default</c> and on a matrix that is already released.</summary>
    public void Dispose() => handle.Release();

    /// <summary>The shape as <c>[rows, columns]</c>, for messages.</summary>
    /// <returns>For instance <c>[272, 2048]</c>.</returns>
    public override string ToString() => $"[{Rows}, {Columns}]";

    /// <inheritdoc/>
    public bool Equals(Matrix other) => handle == other.handle;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Matrix other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => handle.GetHashCode();

    /// <summary>Whether both refer to the same block in the same generation.</summary>
    /// <param name="left">One matrix.</param>
    /// <param name="right">Another matrix, also of another backend.</param>
    /// <returns>True if equal.</returns>
    public static bool operator ==(Matrix left, Matrix right) => left.Equals(right);

    /// <summary>Whether they refer to different blocks or generations.</summary>
    /// <param name="left">One matrix.</param>
    /// <param name="right">Another matrix, also of another backend.</param>
    /// <returns>True if different.</returns>
    public static bool operator !=(Matrix left, Matrix right) => !left.Equals(right);
}
