namespace VlmSharp.Compute;

/// <summary>
/// A pooled block of a backend's memory, behind a <see cref="Matrix"/> or <see cref="Indices"/>. Each backend derives its own: host
/// memory, device memory. Its pool calls <see cref="HandOut"/> whenever it gives the block to a new owner; the last reference
/// calls <see cref="ReturnToPool"/>. References are counted by the one thread that uses the backend at a time.
/// </summary>
public abstract class BackendStorage
{
    private int references;

    /// <summary>Which life of the block this is: it grows by one whenever the block returns to the pool.</summary>
    internal long Generation { get; private set; }

    /// <summary>Begins a life of the block: its new owner holds the first reference.</summary>
    protected void HandOut() => references = 1;

    /// <summary>Puts the block back where the backend takes blocks from.</summary>
    protected abstract void ReturnToPool();

    internal void AddReference() => references++;

    internal void Release()
    {
        if (--references > 0) return;
        Generation++;
        ReturnToPool();
    }
}

/// <summary>A block in one of its lives: used after that, it throws and never reads another owner's numbers.</summary>
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
