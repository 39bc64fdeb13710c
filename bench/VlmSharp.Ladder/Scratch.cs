using System.Runtime.InteropServices;

namespace VlmSharp.Ladder;

/// <summary>Memory for intermediate results: floats that are 0 at first, aligned to a cache line.</summary>
/// <param name="count">How many.</param>
public sealed unsafe class Scratch(long count) : IDisposable
{
    /// <summary>The first of them.</summary>
    public float* Floats { get; private set; } = Allocate(count);

    private static float* Allocate(long count)
    {
        nuint bytes = checked((nuint)count * sizeof(float));
        void* data = NativeMemory.AlignedAlloc(bytes, 64);
        NativeMemory.Clear(data, bytes);
        return (float*)data;
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(Floats);
        Floats = null;
    }
}
