using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Compute;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Memory;

/// <summary>
/// A pooled block of device memory behind a matrix or indices. A matrix is fp32, with no gaps between rows. It is bf16 if it only feeds a
/// product on tensor cores; each row is then padded with zeros to whole chunks of 16 bytes.
/// </summary>
/// <param name="pool">The pool that it returns to.</param>
/// <param name="buffer">The memory itself, owned by the pool.</param>
internal sealed class DeviceBlock(DevicePool pool, MemoryBuffer1D<U4, Stride1D.Dense> buffer) : BackendStorage
{
    /// <summary>bf16 numbers in a chunk of 16 bytes.</summary>
    public const int ChunkNumbers = 8;

    /// <summary>The memory, in chunks of 16 bytes.</summary>
    public MemoryBuffer1D<U4, Stride1D.Dense> Buffer => buffer;

    /// <summary>The recording that it belongs to, or null.</summary>
    public RecordedMemory? Recording { get; set; }

    /// <summary>Whether the matrix is kept in bf16.</summary>
    public bool IsNarrow { get; private set; }

    /// <summary>The copy to the host that is queued after the block was filled, if there is one.</summary>
    public PendingRead? Read { get; set; }

    /// <summary>Prepares the block for its next use.</summary>
    public void BeginLife(bool isNarrow)
    {
        Read = null;
        IsNarrow = isNarrow;
        HandOut();
    }

    protected override void ReturnToPool() => pool.Return(this);

    /// <summary>Chunks of 16 bytes in a row of bf16 numbers.</summary>
    public static int RowChunks(int columns) => (columns + ChunkNumbers - 1) / ChunkNumbers;
}
