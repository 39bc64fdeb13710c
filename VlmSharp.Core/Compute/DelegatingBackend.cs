namespace VlmSharp.Compute;

/// <summary>
/// A backend that delegates everything to another one. Derive from it to observe, count, record or change what a model does, by overriding
/// <see cref="Run"/>.
/// </summary>
/// <param name="inner">The backend that does the work; owned by the caller.</param>
public abstract class DelegatingBackend(IComputeBackend inner) : IComputeBackend
{
    /// <summary>The backend that does the work.</summary>
    protected IComputeBackend Inner { get; } = inner;

    /// <inheritdoc/>
    public virtual string Name => Inner.Name;

    /// <inheritdoc/>
    public virtual string Description => Inner.Description;

    /// <inheritdoc cref="IComputeBackend.Threads"/>
    public virtual int Threads => Inner.Threads;

    /// <inheritdoc cref="IComputeBackend.IsQueued"/>
    public virtual bool IsQueued => Inner.IsQueued;

    /// <inheritdoc cref="IComputeBackend.CopiesWeights"/>
    public virtual bool CopiesWeights => Inner.CopiesWeights;

    /// <inheritdoc cref="IComputeBackend.MemoryBytes"/>
    public virtual long MemoryBytes => Inner.MemoryBytes;

    /// <inheritdoc cref="IComputeBackend.KvCacheFormat"/>
    public virtual DType KvCacheFormat => Inner.KvCacheFormat;

    /// <inheritdoc/>
    public virtual Matrix Allocate(int rows, int columns) => Inner.Allocate(rows, columns);

    /// <inheritdoc/>
    public virtual Matrix Upload(ReadOnlySpan<float> values, int rows, int columns) => Inner.Upload(values, rows, columns);

    /// <inheritdoc/>
    public virtual Indices Upload(ReadOnlySpan<int> values) => Inner.Upload(values);

    /// <inheritdoc/>
    public virtual void Download(Matrix x, Span<float> destination) => Inner.Download(x, destination);

    /// <inheritdoc/>
    public virtual Weight LoadWeight(in WeightData data) => Inner.LoadWeight(data);

    /// <inheritdoc/>
    public virtual KvCache CreateKvCache(int layers, int width, int capacity) => Inner.CreateKvCache(layers, width, capacity);

    /// <inheritdoc/>
    public virtual StepTable Prepare(SequenceBatch batch) => Inner.Prepare(batch);

    /// <inheritdoc/>
    public virtual Matrix Run<TOperator>(in TOperator op) where TOperator : struct, IOperator => Inner.Run(op);

    /// <summary>Runs several operators one after another, through <see cref="Run"/>, so that a derived class sees each of them.</summary>
    /// <inheritdoc cref="IComputeBackend.RunFused"/>
    public virtual TResult RunFused<TOperator, TResult>(in TOperator op) where TOperator : struct, IFusedOperator<TResult> =>
        op.Compose(this);

    /// <summary>Calls the body, so that a derived class sees each of its operators.</summary>
    /// <inheritdoc cref="IComputeBackend.Replay"/>
    public virtual Matrix Replay<TState>(ReplayKey key, Matrix input, TState state, Func<Matrix, TState, Matrix> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return body(input, state);
    }

    /// <summary>Passes the block to the inner backend. Its operators still go through <see cref="Run"/>.</summary>
    /// <inheritdoc cref="IComputeBackend.Block"/>
    public virtual Matrix Block<TState>(Matrix input, TState state, Func<Matrix, TState, Matrix> body) => Inner.Block(input, state, body);

    /// <summary>Frees what the derived class holds, but not the inner backend.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what the derived class holds.</summary>
    /// <param name="disposing">True when called from <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing) { }
}
