namespace VlmSharp.Compute;

/// <summary>
/// A pooled block of a backend's memory, behind a <see cref="Matrix"/> or <see cref="Indices"/>. Each backend derives its own class, for
/// host or device memory. Its pool calls <see cref="HandOut"/> whenever it gives the block to a new owner. Releasing the last reference
/// calls <see cref="ReturnToPool"/>. References are counted without locks, because only one thread uses a backend at a time.
/// </summary>
public abstract class BackendStorage
{
    private int references;

    /// <summary>Counts the block's owners: it grows by one whenever the block returns to the pool.</summary>
    internal long Generation { get; private set; }

    /// <summary>Gives the block to a new owner, who holds the first reference.</summary>
    protected void HandOut() => references = 1;

    /// <summary>Returns the block to the backend's pool.</summary>
    protected abstract void ReturnToPool();

    internal void AddReference() => references++;

    internal void Release()
    {
        if (--references > 0) return;
        Generation++;
        ReturnToPool();
    }
}

/// <summary>
/// A block and its generation. A handle that is used after its block went back to the pool throws, and never reads another owner's numbers.
/// </summary>
internal readonly record struct StorageHandle
{
    private readonly BackendStorage? storage;
    private readonly long generation;

    public StorageHandle(BackendStorage storage)
    {
        ArgumentNullException.ThrowIfNull(storage);
        (this.storage, generation) = (storage, storage.Generation);
    }

    public bool HasValue => storage is not null;

    public BackendStorage Get(Type owner)
    {
        ObjectDisposedException.ThrowIf(storage is null || storage.Generation != generation, owner);
        return storage;
    }

    public void Release()
    {
        if (storage is not null && storage.Generation == generation) storage.Release();
    }
}
