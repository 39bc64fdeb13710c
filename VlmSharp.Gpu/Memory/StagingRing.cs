using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Memory;

/// <summary>
/// Page-locked host memory for small copies to the device that must not wait: ids, tables of steps. It is used as a ring; before it starts
/// again at the beginning, it waits for the queued work.
/// </summary>
/// <param name="device">The device to copy to.</param>
internal sealed class StagingRing(KernelDevice device) : IDisposable
{
    private const int Bytes = 1 << 20, Alignment = 64;

    private readonly PageLockedArray1D<byte> memory = device.Accelerator.AllocatePageLocked1D<byte>(Bytes);
    private int used;

    /// <summary>Queues a copy. The values may change as soon as this returns.</summary>
    /// <param name="values">The numbers on the host.</param>
    /// <param name="target">Device memory of the same length.</param>
    public unsafe void Copy<T>(ReadOnlySpan<T> values, ArrayView<T> target) where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
        if (bytes.IsEmpty) return;
        if (bytes.Length > Bytes)
        {
            device.Write(values, target);
            return;
        }

        if (used + bytes.Length > Bytes)
        {
            device.Wait();
            used = 0;
        }

        Span<byte> slot = memory.Span.Slice(used, bytes.Length);
        bytes.CopyTo(slot);
        target.CopyFromCPUUnsafeAsync(device.Stream, ref MemoryMarshal.Cast<byte, T>(slot)[0], values.Length);
        used = (used + bytes.Length + Alignment - 1) / Alignment * Alignment;
    }

    /// <inheritdoc/>
    public void Dispose() => memory.Dispose();
}
