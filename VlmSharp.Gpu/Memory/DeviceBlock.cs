using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Compute;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Memory;

/// <summary>
/// A pooled block of device memory behind a matrix or indices. Numbers of a matrix are fp32, rows without a gap; or bf16 where the only thing that
/// comes next is a product on tensor cores, each row padded with zeros to whole chunks of 16 bytes.
/// </summary>
/// <param name="pool">Where it returns to.</param>
/// <param name="buffer">The memory.</param>
internal sealed class DeviceBlock(DevicePool pool, MemoryBuffer1D<U4, Stride1D.Dense> buffer) : BackendStorage
{
    /// <summary>Numbers in a chunk of 16 bytes of bf16.</summary>
    public const int ChunkNumbers = 8;

    /// <summary>The memory, in chunks of 16 bytes.</summary>
    public MemoryBuffer1D<U4, Stride1D.Dense> Buffer => buffer;

    /// <summary>The recording that it belongs to, or null.</summary>
    public RecordedMemory? Recording { get; set; }

    /// <summary>Whether the matrix is kept in bf16.</summary>
    public bool IsNarrow { get; private set; }

    /// <summary>The copy to the host that is queued behind what has filled the block, if there is one.</summary>
    public PendingRead? Read { get; set; }

    /// <summary>Begins a life of the block.</summary>
    public void BeginLife(bool isNarrow)
    {
        Read = null;
        IsNarrow = isNarrow;
        HandOut();
    }

    protected override void ReturnToPool() => pool.Return(this);

    /// <summary>Chunks of 16 bytes of a row of bf16 numbers.</summary>
    public static int RowChunks(int columns) => (columns + ChunkNumbers - 1) / ChunkNumbers;
}
