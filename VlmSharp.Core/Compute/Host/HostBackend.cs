namespace VlmSharp.Compute.Host;

/// <summary>
/// The common base of backends in host memory: the pool of activations, parameters that are read in place, caches, and the lookup of an
/// operator's kernel. It is public only because a public class cannot have an internal base class. Your own backend implements
/// <see cref="IComputeBackend"/> instead.
/// </summary>
public abstract unsafe class HostBackend : IComputeBackend
{
    private readonly HostMemoryPool pool = new();
    private readonly object[] kernels;
    private bool disposed;

    /// <summary>Creates the backend.</summary>
    /// <param name="kernels">Objects with an <see cref="IKernel{TOperator}"/> for each operator; the first object that has one is
    /// used.</param>
    internal HostBackend(params object[] kernels) => this.kernels = kernels;

    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract string Description { get; }

    /// <inheritdoc cref="IComputeBackend.Threads"/>
    public virtual int Threads => 1;

    /// <summary>Bytes of activation memory taken from the system.</summary>
    public long AllocatedBytes => pool.AllocatedBytes;

    /// <inheritdoc/>
    public Matrix Allocate(int rows, int columns)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        return new Matrix(pool.Rent((long)rows * columns), rows, columns);
    }

    /// <inheritdoc/>
    public Matrix Upload(ReadOnlySpan<float> values, int rows, int columns)
    {
        if (values.Length != (long)rows * columns)
            throw new ArgumentException($"Upload: {values.Length} numbers do not fill [{rows}, {columns}].");
        Matrix y = Allocate(rows, columns);
        values.CopyTo(new Span<float>(y.OnHost().Data, values.Length));
        return y;
    }

    /// <inheritdoc/>
    public Indices Upload(ReadOnlySpan<int> values)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        HostStorage block = pool.Rent(values.Length);
        values.CopyTo(new Span<int>(block.Data, values.Length));
        return new Indices(block, values);
    }

    /// <inheritdoc/>
    public void Download(Matrix x, Span<float> destination)
    {
        if (destination.Length != x.Length)
            throw new ArgumentException($"Download: {x} does not fit {destination.Length} numbers.");
        new ReadOnlySpan<float>(x.OnHost().Data, destination.Length).CopyTo(destination);
    }

    /// <inheritdoc/>
    public Weight LoadWeight(in WeightData data) => new HostWeight(data);

    /// <inheritdoc/>
    public KvCache CreateKvCache(int layers, int width, int capacity) => new HostKvCache(layers, width, capacity);

    /// <inheritdoc/>
    public StepTable Prepare(SequenceBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return batch.Table;
    }

    /// <inheritdoc/>
    public virtual Matrix Run<TOperator>(in TOperator op) where TOperator : struct, IOperator
    {
        MatrixShape? shape = op.Check();
        foreach (object set in kernels)
        {
            if (set is not IKernel<TOperator> kernel) continue;
            Matrix y = shape is { } s ? Allocate(s.Rows, s.Columns) : default;
            try
            {
                kernel.Run(op, y.OptionalOnHost());
            }
            catch
            {
                y.Dispose();
                throw;
            }

            return y;
        }

        throw new NotSupportedException($"The backend {Name} has no kernel for {typeof(TOperator).Name}.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        Dispose(true);
        pool.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what the derived backend holds.</summary>
    /// <param name="disposing">True when called from <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing) { }
}
