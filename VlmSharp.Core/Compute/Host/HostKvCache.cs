namespace VlmSharp.Compute.Host;

/// <summary>Keys and values in host memory, fp32, per layer <c>[capacity, width]</c>.</summary>
internal sealed unsafe class HostKvCache : KvCache
{
    private float* memory; // [layers, 2, capacity, width]: keys, then values

    /// <summary>Creates an empty cache.</summary>
    /// <param name="layers">Decoder layers.</param>
    /// <param name="width">K * D.</param>
    /// <param name="capacity">The most tokens that it can hold; all of their memory is taken now.</param>
    public HostKvCache(int layers, int width, int capacity) : base(layers, width, capacity)
    {
        long bytes = checked(2L * layers * capacity * width * sizeof(float));
        memory = (float*)HostMemory.Allocate(bytes);
    }

    /// <summary>The keys of a layer.</summary>
    /// <param name="layer">From 0.</param>
    /// <returns>[capacity, width]; rows at and after the length are undefined.</returns>
    public HostMatrix Keys(int layer) => Plane(2 * layer);

    /// <summary>The values of a layer.</summary>
    /// <param name="layer">From 0.</param>
    /// <returns>[capacity, width]; rows at and after the length are undefined.</returns>
    public HostMatrix Values(int layer) => Plane(2 * layer + 1);

    private HostMatrix Plane(int index)
    {
        ObjectDisposedException.ThrowIf(memory == null, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)(2 * Layers));
        return new HostMatrix(memory + (nint)index * Capacity * Width, Capacity, Width);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        HostMemory.Free(memory);
        memory = null;
    }

    /// <summary>Frees the memory of a cache that was not disposed of.</summary>
    ~HostKvCache() => Dispose(false);
}
