using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Gpu.Kernels;

namespace VlmSharp.Gpu.Memory;

/// <summary>
/// One block of device memory that holds all KV caches. A kernel takes one view, and the step's table says where in it each sequence is.
/// The arena grows by moving. Freed parts are joined with their free neighbors and used again, first fit.
/// </summary>
/// <param name="pool">Allocates the memory.</param>
/// <param name="stream">The queue of work: a move is queued after the work that reads the old place.</param>
internal sealed class KvArena(DevicePool pool, AcceleratorStream stream) : IDisposable
{
    private const long SmallestChunks = 1 << 12;

    private readonly SortedDictionary<long, long> free = []; // start -> length, in chunks
    private MemoryBuffer1D<U4, Stride1D.Dense>? buffer;

    /// <summary>Changes when the memory moves; recordings that refer to it are then invalid.</summary>
    public int Moves { get; private set; }

    /// <summary>Bytes allocated on the device.</summary>
    public long AllocatedBytes => buffer?.LengthInBytes ?? 0;

    /// <summary>The whole block, in chunks of 16 bytes.</summary>
    public ArrayView<U4> View => buffer is null ? default : buffer.View.BaseView;

    /// <summary>Allocates space.</summary>
    /// <param name="chunks">The number of chunks of 16 bytes.</param>
    /// <returns>The first chunk.</returns>
    /// <exception cref="DeviceMemoryException">The device has no memory left.</exception>
    public long Take(long chunks)
    {
        long start = FirstFit(chunks);
        if (start < 0)
        {
            Grow(chunks);
            start = FirstFit(chunks);
        }

        long length = free[start];
        free.Remove(start);
        if (length > chunks) free[start + chunks] = length - chunks;
        return start;
    }

    /// <summary>Frees space.</summary>
    /// <param name="start">From <see cref="Take"/>.</param>
    /// <param name="chunks">As many as were taken.</param>
    public void Give(long start, long chunks)
    {
        foreach ((long s, long n) in free)
        {
            if (s == start + chunks) { free.Remove(s); chunks += n; break; }
        }

        foreach ((long s, long n) in free)
        {
            if (s + n == start) { free.Remove(s); start = s; chunks += n; break; }
        }

        free[start] = chunks;
    }

    private long FirstFit(long chunks)
    {
        foreach ((long start, long length) in free)
            if (length >= chunks) return start;
        return -1;
    }

    private void Grow(long chunks)
    {
        long old = buffer?.Length ?? 0, size = checked(old + Math.Max(chunks, Math.Max(SmallestChunks, old / 2)));
        MemoryBuffer1D<U4, Stride1D.Dense> larger = Allocate(size, old + chunks);
        if (buffer is not null)
        {
            larger.View.BaseView.SubView(0, old).CopyFrom(stream, buffer.View.BaseView);
            stream.Synchronize();
            buffer.Dispose();
        }

        buffer = larger;
        Moves++;
        Give(old, larger.Length - old);
    }

    // Allocates what is wanted, or at least what is needed.
    private MemoryBuffer1D<U4, Stride1D.Dense> Allocate(long wanted, long needed)
    {
        const string Remedy = "Ask for fewer sequences at a time, for fewer new tokens, or for --kv-cache bf16.";
        try
        {
            return pool.Allocate<U4>(wanted, "KV caches", Remedy);
        }
        catch (DeviceMemoryException) when (needed < wanted)
        {
            return pool.Allocate<U4>(needed, "KV caches", Remedy);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => buffer?.Dispose();
}
