using System.Numerics;

namespace VlmSharp.Compute.Host;

/// <summary>
/// Blocks of native memory, kept by size class for reuse. Sizes are rounded up to a quarter of a power of two, so at most
/// a fifth is wasted and the matrices of one decode step find the blocks of the step before. Not thread-safe.
/// </summary>
internal sealed unsafe class HostMemoryPool : IDisposable
{
    private readonly Dictionary<long, Stack<HostStorage>> free = [];
    private bool disposed;

    /// <summary>Bytes that are allocated from the system.</summary>
    public long AllocatedBytes { get; private set; }

    public HostStorage Rent(long elements)
    {
        long bytes = SizeClass(checked(Math.Max(elements, 1) * sizeof(float)));
        if (!free.TryGetValue(bytes, out Stack<HostStorage>? blocks)) free[bytes] = blocks = new Stack<HostStorage>();
        if (!blocks.TryPop(out HostStorage? block))
        {
            block = new HostStorage(this, (float*)HostMemory.Allocate(bytes), bytes);
            AllocatedBytes += bytes;
        }
        block.BeginLife();
        return block;
    }

    public void Return(HostStorage block)
    {
        if (disposed) Free(block);
        else free[block.Bytes].Push(block);
    }

    private void Free(HostStorage block)
    {
        HostMemory.Free(block.Data);
        AllocatedBytes -= block.Bytes;
    }

    internal static long SizeClass(long bytes)
    {
        if (bytes <= 256) return 256;
        long quarter = 1L << (61 - BitOperations.LeadingZeroCount((ulong)(bytes - 1)));
        return (bytes + quarter - 1) / quarter * quarter;
    }

    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        foreach (Stack<HostStorage> blocks in free.Values)
            while (blocks.TryPop(out HostStorage? block)) Free(block);
    }
}

/// <summary>A block of native host memory.</summary>
internal sealed unsafe class HostStorage(HostMemoryPool pool, float* data, long bytes) : BackendStorage
{
    public float* Data { get; } = data;

    public long Bytes { get; } = bytes;

    public void BeginLife() => HandOut();

    protected override void ReturnToPool() => pool.Return(this);
}
