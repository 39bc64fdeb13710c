using VlmSharp.Compute.Host;

namespace VlmSharp.Cpu.Threading;

/// <summary>Scratch memory that grows to the largest request and is reused: a request does not keep the content.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private float* data;
    private long length;

    /// <summary>Returns space for some numbers, aligned to a cache line.</summary>
    /// <param name="floats">How many numbers.</param>
    /// <returns>Memory with undefined content.</returns>
    public float* Reserve(long floats)
    {
        if (floats > length)
        {
            Free();
            data = (float*)HostMemory.Allocate(checked(floats * sizeof(float)));
            length = floats;
        }
        return data;
    }

    /// <summary>Bytes that it holds.</summary>
    public long Bytes => length * sizeof(float);

    private void Free()
    {
        HostMemory.Free(data);
        data = null;
        length = 0;
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    ~NativeBuffer() => Free();
}
