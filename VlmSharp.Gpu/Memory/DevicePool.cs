using System.Numerics;
using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Gpu.Devices;
using VlmSharp.Gpu.Kernels;

namespace VlmSharp.Gpu.Memory;

/// <summary>
/// Blocks of device memory, kept by size class for reuse. Allocation stops the device, so steady-state decoding must not allocate. Sizes
/// are rounded up to a quarter of a power of two. A block may be handed out again while queued work still uses it, because its next use is
/// queued after that work.
/// </summary>
/// <param name="accelerator">Owns the memory.</param>
internal sealed class DevicePool(Accelerator accelerator) : IDisposable
{
    private const long ChunkBytes = 16, SmallestBytes = 256;

    private readonly BlockList shared = new();
    private RecordedMemory? recording;
    private bool disposed;

    /// <summary>Bytes allocated on the device and not yet freed.</summary>
    public long AllocatedBytes { get; private set; }

    /// <summary>A block whose content is undefined.</summary>
    /// <param name="bytes">The smallest size.</param>
    /// <param name="isNarrow">Whether it will hold bf16 numbers.</param>
    /// <exception cref="DeviceMemoryException">The device has no memory left.</exception>
    public DeviceBlock Rent(long bytes, bool isNarrow = false)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        long size = SizeClass(bytes);
        DeviceBlock? block = recording?.Free.Take(size);
        if (block is null)
        {
            block = shared.Take(size) ?? Create(size);
            recording?.Add(block);
        }

        block.BeginLife(isNarrow);
        return block;
    }

    /// <summary>Takes a block back for reuse. A block of a recording stays with it, because each replay writes to it.</summary>
    public void Return(DeviceBlock block)
    {
        if (disposed) Free(block);
        else if (block.Recording is null) shared.Put(block);
        else if (block.Recording == recording) recording.Free.Put(block);
    }

    /// <summary>Whether a step is being recorded.</summary>
    public bool IsRecording => recording is not null;

    /// <summary>From here on, blocks are reserved for a recording, until <see cref="EndRecording"/>.</summary>
    public void BeginRecording() => recording = new RecordedMemory();

    /// <summary>Ends the reservation.</summary>
    /// <returns>The recording's memory, for <see cref="Release"/>.</returns>
    public RecordedMemory EndRecording()
    {
        RecordedMemory memory = recording ?? throw new InvalidOperationException("Nothing is recorded.");
        recording = null;
        return memory;
    }

    /// <summary>Makes the blocks of a recording that is no longer replayed available to all.</summary>
    public void Release(RecordedMemory memory)
    {
        foreach (DeviceBlock block in memory.Clear()) Return(block);
    }

    private DeviceBlock Create(long size)
    {
        var block = new DeviceBlock(this, Allocate(size));
        AllocatedBytes += size;
        return block;
    }

    private MemoryBuffer1D<U4, Stride1D.Dense> Allocate(long size) =>
        Allocate<U4>(size / ChunkBytes, "activations", "Ask for fewer sequences at a time.");

    /// <summary>Allocates memory. If the device has no memory left, unused blocks are freed first.</summary>
    /// <param name="count">How many elements of T.</param>
    /// <param name="what">What the memory is for, in the words of the message.</param>
    /// <param name="remedy">What to do if there is none left: a sentence.</param>
    /// <exception cref="DeviceMemoryException">The device has no memory left.</exception>
    public MemoryBuffer1D<T, Stride1D.Dense> Allocate<T>(long count, string what, string remedy) where T : unmanaged
    {
        try
        {
            return accelerator.Allocate1D<T>(count);
        }
        catch (AcceleratorException e) when (DeviceFailure.IsShortage(e))
        {
            // The device cannot wait while a step is recorded.
            if (recording is not null || FreeUnused() == 0) throw Shortage<T>(count, what, remedy, e);
        }

        try
        {
            return accelerator.Allocate1D<T>(count);
        }
        catch (AcceleratorException e) when (DeviceFailure.IsShortage(e))
        {
            throw Shortage<T>(count, what, remedy, e);
        }
    }

    private unsafe DeviceMemoryException Shortage<T>(long count, string what, string remedy, Exception inner) where T : unmanaged => new(
        $"{accelerator.Name} has no {count * sizeof(T):N0} bytes left for {what}. {remedy}", inner);

    // Frees unused blocks: the sizes of one kind of step are of no use to another.
    private long FreeUnused()
    {
        accelerator.Synchronize(); // queued work may still use it
        long before = AllocatedBytes;
        foreach (DeviceBlock block in shared.Clear()) Free(block);
        return before - AllocatedBytes;
    }

    private void Free(DeviceBlock block)
    {
        AllocatedBytes -= block.Buffer.LengthInBytes;
        block.Buffer.Dispose();
    }

    private static long SizeClass(long bytes)
    {
        if (bytes <= SmallestBytes) return SmallestBytes;
        long quarter = Math.Max(ChunkBytes, 1L << (61 - BitOperations.LeadingZeroCount((ulong)(bytes - 1))));
        return (bytes + quarter - 1) / quarter * quarter;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        foreach (DeviceBlock block in shared.Clear()) Free(block);
    }
}
