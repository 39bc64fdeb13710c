using ILGPU;
using ILGPU.Runtime;

namespace VlmSharp.Gpu.Launching;

/// <summary>
/// Where kernels run: memory, one queue of work, and the way to start a kernel. What is queued runs in order. One thread at a time.
/// </summary>
internal abstract class KernelDevice : IDisposable
{
    /// <summary>Owns the memory.</summary>
    public abstract Accelerator Accelerator { get; }

    /// <summary>The queue of copies and launches.</summary>
    public abstract AcceleratorStream Stream { get; }

    /// <summary>Shared memory that one group may have when it asks for it at launch, in bytes. 0 where only a fixed amount is to be had.</summary>
    public abstract int MostSharedBytes { get; }

    /// <summary>Multiprocessors: how many groups are needed so that none idles.</summary>
    public abstract int Processors { get; }

    /// <summary>Queues a kernel; compiles it the first time.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="grid">Groups.</param>
    /// <param name="args">Its arguments.</param>
    public abstract void Launch<TArgs>(Kernel<TArgs> kernel, in LaunchGrid grid, in TArgs args) where TArgs : struct;

    /// <summary>Compiles a kernel without running it, so that what the driver's compiler refuses shows before anything runs.</summary>
    /// <param name="kernel">The kernel.</param>
    public abstract void Load<TArgs>(Kernel<TArgs> kernel) where TArgs : struct;

    /// <summary>Compiles a kernel of a catalog.</summary>
    /// <param name="kernel">The kernel.</param>
    public void Load(Kernel kernel) => kernel.LoadOn(this);

    /// <summary>Queues a copy inside the device's memory.</summary>
    /// <param name="source">From.</param>
    /// <param name="target">To; as long, and apart.</param>
    public virtual void Copy<T>(ArrayView<T> source, ArrayView<T> target) where T : unmanaged
    {
        if (source.Length > 0) target.CopyFrom(Stream, source);
    }

    /// <summary>Queues the filling of memory with zeros.</summary>
    /// <param name="target">Which.</param>
    public void Clear<T>(ArrayView<T> target) where T : unmanaged
    {
        if (target.Length > 0) target.MemSetToZero(Stream);
    }

    /// <summary>Copies numbers to the device, behind what is queued, and waits until they are there.</summary>
    /// <param name="values">On the host.</param>
    /// <param name="target">As long.</param>
    public unsafe void Write<T>(ReadOnlySpan<T> values, ArrayView<T> target) where T : unmanaged
    {
        fixed (T* start = values) // the copy runs later than the call: memory must not move
        {
            target.CopyFromCPUUnsafeAsync(Stream, ref *start, values.Length);
            Wait();
        }
    }

    /// <summary>Waits until all that is queued has run, and copies numbers to the host.</summary>
    /// <param name="source">On the device.</param>
    /// <param name="destination">As long.</param>
    public unsafe void Read<T>(ArrayView<T> source, Span<T> destination) where T : unmanaged
    {
        fixed (T* start = destination)
        {
            source.CopyToCPUUnsafeAsync(Stream, ref *start, destination.Length);
            Wait();
        }
    }

    /// <summary>Queues a copy of a small result to the host, which can be taken without waiting for what is queued behind it.</summary>
    /// <param name="source">On the device.</param>
    /// <returns>What takes it; null where the device has no such thing, or of a large result.</returns>
    public virtual PendingRead? BeginRead(ArrayView<float> source) => null;

    /// <summary>Waits until all that was queued has run.</summary>
    public abstract void Wait();

    /// <summary>From here on launches and copies are recorded and not done, until <see cref="EndRecording"/>.</summary>
    /// <returns>False of a device that does not record.</returns>
    public virtual bool BeginRecording() => false;

    /// <summary>Ends the recording.</summary>
    /// <returns>What was recorded; null where that has failed.</returns>
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
