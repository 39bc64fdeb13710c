using System.Numerics;
using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Gpu.Devices;
using VlmSharp.Gpu.Kernels;

namespace VlmSharp.Gpu.Memory;

/// <summary>
/// Blocks of device memory, kept by size class for reuse: allocation stops the device, so that steady-state decoding must not allocate.
/// Sizes are rounded up to a quarter of a power of two. A block may be handed out again while queued work still uses it: what uses it next is queued behind that.
/// </summary>
/// <param name="accelerator">Owns the memory.</param>
internal sealed class DevicePool(Accelerator accelerator) : IDisposable
{
    private const long ChunkBytes = 16, SmallestBytes = 256;

    private readonly BlockList shared = new();
    private RecordedMemory? recording;
    private bool disposed;

    /// <summary>Bytes taken from the device and not given back.</summary>
    public long AllocatedBytes { get; private set; }

    /// <summary>A block whose content is undefined.</summary>
    /// <param name="bytes">At least so many.</param>
    /// <param name="isNarrow">Whether bf16 numbers come into it.</param>
    /// <exception cref="DeviceMemoryException">The device has no more.</exception>
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

    /// <summary>Takes a block back, for whoever asks next; one of a recording stays with it, for each replay writes to it.</summary>
    public void Return(DeviceBlock block)
    {
        if (disposed) Free(block);
        else if (block.Recording is null) shared.Put(block);
        else if (block.Recording == recording) recording.Free.Put(block);
    }

    /// <summary>Whether a step is being recorded.</summary>
    public bool IsRecording => recording is not null;

    /// <summary>From here on blocks are set aside for a recording, until <see cref="EndRecording"/>.</summary>
    public void BeginRecording() => recording = new RecordedMemory();

    /// <summary>Ends the setting aside.</summary>
    /// <returns>The recording's memory, for <see cref="Release"/>.</returns>
    public RecordedMemory EndRecording()
    {
        RecordedMemory memory = recording ?? throw new InvalidOperationException("Nothing is recorded.");
        recording = null;
        return memory;
    }

    /// <summary>Gives the blocks of a recording that is not replayed any more to everybody.</summary>
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

    /// <summary>Memory for anybody: where the device has no more, blocks that nobody uses are given back to it first.</summary>
    /// <param name="count">Elements.</param>
    /// <param name="what">What for: the message's words.</param>
    /// <param name="remedy">What to do where there is none: a sentence.</param>
    /// <exception cref="DeviceMemoryException">The device has no more.</exception>
    public MemoryBuffer1D<T, Stride1D.Dense> Allocate<T>(long count, string what, string remedy) where T : unmanaged
    {
        try
        {
            return accelerator.Allocate1D<T>(count);
        }
        catch (AcceleratorException e) when (DeviceFailure.IsShortage(e))
        {
            // While a step is recorded the device cannot wait.
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

    // Memory that nobody has is given back to the device: sizes of one kind of step are of no use to another.
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
