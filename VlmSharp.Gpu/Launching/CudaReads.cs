using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace VlmSharp.Gpu.Launching;

/// <summary>
/// Small results on their way to the host. A copy to page-locked memory is queued directly after the work that makes the result, followed
/// by an event. The reader waits only for the event, not for work that was queued later.
/// </summary>
internal sealed partial class CudaReads : IDisposable
{
    private const int Slots = 8, SlotFloats = 1 << 14, NoTiming = 2; // CU_EVENT_DISABLE_TIMING

    private readonly CudaStream stream;
    private readonly PageLockedArray1D<float> memory;
    private readonly nint[] events = new nint[Slots];
    private readonly long[] uses = new long[Slots];
    private int next;

    /// <summary>Allocates the memory.</summary>
    public CudaReads(CudaAccelerator accelerator, CudaStream stream)
    {
        this.stream = stream;
        memory = accelerator.AllocatePageLocked1D<float>(Slots * SlotFloats);
        for (int i = 0; i < Slots; i++) Check(CreateEvent(out events[i], NoTiming));
    }

    /// <summary>Queues a copy.</summary>
    /// <param name="source">The numbers on the device.</param>
    /// <returns>The copy, or null if the source is empty or too large.</returns>
    public PendingRead? Begin(ArrayView<float> source)
    {
        if (source.Length is 0 or > SlotFloats) return null;
        int slot = next;
        next = (next + 1) % Slots;
        source.CopyToCPUUnsafeAsync(stream, ref Slot(slot, (int)source.Length)[0], source.Length);
        Check(RecordEvent(events[slot], stream.StreamPtr));
        return new PendingRead(this, slot, ++uses[slot]);
    }

    /// <summary>Waits for a copy and reads its numbers.</summary>
    /// <returns>False if the slot has been used again since.</returns>
    public bool TryTake(in PendingRead read, Span<float> destination)
    {
        if (uses[read.Slot] != read.Use) return false;
        Check(SynchronizeEvent(events[read.Slot]));
        Slot(read.Slot, destination.Length).CopyTo(destination);
        return true;
    }

    private Span<float> Slot(int slot, int length) => memory.Span.Slice(slot * SlotFloats, length);

    private static void Check(int status)
    {
        if (status != 0) throw new CudaException((CudaError)status);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (nint e in events) _ = DestroyEvent(e);
        memory.Dispose();
    }

    [LibraryImport("cuda", EntryPoint = "cuEventCreate")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int CreateEvent(out nint created, uint flags);

    [LibraryImport("cuda", EntryPoint = "cuEventRecord")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int RecordEvent(nint e, nint stream);

    [LibraryImport("cuda", EntryPoint = "cuEventSynchronize")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SynchronizeEvent(nint e);

    [LibraryImport("cuda", EntryPoint = "cuEventDestroy_v2")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int DestroyEvent(nint e);
}

/// <summary>A result on its way to the host.</summary>
/// <param name="Reads">The object that queued the copy.</param>
/// <param name="Slot">The slot that it arrives in.</param>
/// <param name="Use">Which use of the slot it is.</param>
internal readonly record struct PendingRead(CudaReads Reads, int Slot, long Use)
{
    /// <summary>Waits for the numbers.</summary>
    /// <returns>False if they are gone and must be read again.</returns>
    public bool TryTake(Span<float> destination) => Reads.TryTake(this, destination);
}
