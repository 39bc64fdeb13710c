using System.Numerics;

namespace VlmSharp.Compute.Host;

/// <summary>
/// Blocks of native memory, kept by size class for reuse. Sizes are rounded up to a quarter of a power of two, so at most
/// a fifth is wasted and the tensors of one decode step find the blocks of the step before. Not thread-safe.
/// </summary>
internal sealed unsafe class HostMemoryPool : IDisposable
{
    private readonly Dictionary<long, Stack<HostMatrixStorage>> free = [];
    private bool disposed;

    /// <summary>Bytes taken from the system and not given back.</summary>
    public long AllocatedBytes { get; private set; }

    public HostMatrixStorage Rent(long elements)
    {
        long bytes = SizeClass(checked(Math.Max(elements, 1) * sizeof(float)));
        if (!free.TryGetValue(bytes, out Stack<HostMatrixStorage>? blocks)) free[bytes] = blocks = new Stack<HostMatrixStorage>();
        if (!blocks.TryPop(out HostMatrixStorage? block))
        {
            block = new HostMatrixStorage(this, (float*)HostMemory.Allocate(bytes), bytes);
            AllocatedBytes += bytes;
        }
        block.Activate();
        return block;
    }

    public void Return(HostMatrixStorage block)
    {
        if (disposed) Free(block);
        else free[block.Bytes].Push(block);
    }

    private void Free(HostMatrixStorage block)
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
        foreach (Stack<HostMatrixStorage> blocks in free.Values)
            while (blocks.TryPop(out HostMatrixStorage? block)) Free(block);
    }
}

/// <summary>A block of native host memory.</summary>
internal sealed unsafe class HostMatrixStorage(HostMemoryPool pool, float* data, long bytes) : MatrixStorage
{
    public float* Data { get; } = data;

    public long Bytes { get; } = bytes;

    protected override void ReturnToPool() => pool.Return(this);
}
