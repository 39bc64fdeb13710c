using ILGPU;
using VlmSharp.Compute;

namespace VlmSharp.Gpu.Memory;

/// <summary>
/// Keys and values of a sequence in the arena, bf16 or fp32: <c>[layers, 2, capacity, row]</c>, keys before values. A row is padded to
/// whole chunks of 8 numbers.
/// </summary>
internal sealed class DeviceKvCache : KvCache
{
    private readonly KvArena arena;
    private readonly long chunks;
    private bool disposed;

    /// <summary>Allocates the cache in the arena.</summary>
    public DeviceKvCache(KvArena arena, DType format, int layers, int width, int capacity) : base(layers, width, capacity)
    {
        this.arena = arena;
        RowChunks = DeviceWeight.ChunksOf(format, width);
        chunks = checked(2L * layers * capacity * RowChunks);
        Start = arena.Take(chunks);
    }

    /// <summary>The first chunk of 16 bytes in the arena.</summary>
    public long Start { get; }

    /// <summary>Chunks in a row of keys or values.</summary>
    public int RowChunks { get; }

    /// <summary>
    /// Keys (2 * layer) or values (2 * layer + 1) of a layer, for a cache in fp32 whose rows need no padding: [capacity, width].
    /// </summary>
    internal ArrayView<float> Plane(int index) =>
        arena.View.SubView(Start + (long)index * Capacity * RowChunks, (long)Capacity * RowChunks).Cast<float>();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposed || !disposing) return;
        disposed = true;
        arena.Give(Start, chunks);
    }
}
