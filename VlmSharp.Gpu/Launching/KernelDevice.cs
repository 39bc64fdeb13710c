using ILGPU;
using ILGPU.Runtime;

namespace VlmSharp.Gpu.Launching;

/// <summary>
/// The device that runs kernels: its memory, one queue of work, and how to start a kernel. Queued work runs in order. Only one thread may
/// use it at a time.
/// </summary>
internal abstract class KernelDevice : IDisposable
{
    /// <summary>Owns the memory.</summary>
    public abstract Accelerator Accelerator { get; }

    /// <summary>The queue of copies and launches.</summary>
    public abstract AcceleratorStream Stream { get; }

    /// <summary>Shared memory that one group may request at launch, in bytes; 0 if only a fixed amount is available.</summary>
    public abstract int MostSharedBytes { get; }

    /// <summary>Multiprocessors: how many groups are needed to keep all busy.</summary>
    public abstract int Processors { get; }

    /// <summary>Queues a kernel, and compiles it the first time.</summary>
    /// <param name="kernel">The method and its number of threads; the first launch compiles it.</param>
    /// <param name="grid">How many groups of threads run, in each direction.</param>
    /// <param name="args">The kernel's arguments.</param>
    public abstract void Launch<TArgs>(Kernel<TArgs> kernel, in LaunchGrid grid, in TArgs args) where TArgs : struct;

    /// <summary>Compiles a kernel without running it, so that compiler errors show before anything runs.</summary>
    /// <param name="kernel">The method to compile.</param>
    public abstract void Load<TArgs>(Kernel<TArgs> kernel) where TArgs : struct;

    /// <summary>Compiles a kernel of a catalog.</summary>
    /// <param name="kernel">The method to compile.</param>
    public void Load(Kernel kernel) => kernel.LoadOn(this);

    /// <summary>Queues a copy inside the device's memory.</summary>
    /// <param name="source">Device memory, read when the queue comes to it.</param>
    /// <param name="target">The target, of the same length; it must not overlap the source.</param>
    public virtual void Copy<T>(ArrayView<T> source, ArrayView<T> target) where T : unmanaged
    {
        if (source.Length > 0) target.CopyFrom(Stream, source);
    }

    /// <summary>Queues filling memory with zeros.</summary>
    /// <param name="target">Device memory; all of it becomes 0.</param>
    public void Clear<T>(ArrayView<T> target) where T : unmanaged
    {
        if (target.Length > 0) target.MemSetToZero(Stream);
    }

    /// <summary>Copies numbers to the device after all queued work, and waits until they have arrived.</summary>
    /// <param name="values">The numbers on the host.</param>
    /// <param name="target">Device memory of the same length.</param>
    public unsafe void Write<T>(ReadOnlySpan<T> values, ArrayView<T> target) where T : unmanaged
    {
        fixed (T* start = values) // the copy runs later than the call: memory must not move
        {
            target.CopyFromCPUUnsafeAsync(Stream, ref *start, values.Length);
            Wait();
        }
    }

    /// <summary>Waits until all queued work has run, and copies numbers to the host.</summary>
    /// <param name="source">The numbers on the device.</param>
    /// <param name="destination">Host memory of the same length.</param>
    public unsafe void Read<T>(ArrayView<T> source, Span<T> destination) where T : unmanaged
    {
        fixed (T* start = destination)
        {
            source.CopyToCPUUnsafeAsync(Stream, ref *start, destination.Length);
            Wait();
        }
    }

    /// <summary>Queues a copy of a small result to the host, which can be read without waiting for later work.</summary>
    /// <param name="source">The numbers on the device.</param>
    /// <returns>The copy; null if the device does not support this or the result is large.</returns>
    public virtual PendingRead? BeginRead(ArrayView<float> source) => null;

    /// <summary>Waits until all queued work has run.</summary>
    public abstract void Wait();

    /// <summary>From here on, launches and copies are recorded instead of done, until <see cref="EndRecording"/>.</summary>
    /// <returns>False if the device cannot record.</returns>
    public virtual bool BeginRecording() => false;

    /// <summary>Ends the recording.</summary>
    /// <returns>What was recorded; null if recording failed.</returns>
    public virtual IRecording? EndRecording() => null;

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the device.</summary>
    protected abstract void Dispose(bool disposing);
}

/// <summary>Groups of a launch. A launch with none does nothing.</summary>
/// <param name="X">Groups along x: up to 2^31 - 1.</param>
/// <param name="Y">Along y: up to 65,535.</param>
/// <param name="Z">Along z: up to 65,535.</param>
/// <param name="SharedBytes">Shared memory asked for at launch.</param>
internal readonly record struct LaunchGrid(int X, int Y = 1, int Z = 1, int SharedBytes = 0)
{
    public bool IsEmpty => X == 0 || Y == 0 || Z == 0;
}
