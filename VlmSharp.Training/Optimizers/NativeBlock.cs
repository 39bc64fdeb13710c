using System.Runtime.InteropServices;
using VlmSharp.Compute.Host;

namespace VlmSharp.Training.Optimizers;

/// <summary>Owned host memory, freed with its owner.</summary>
internal sealed unsafe class NativeBlock : SafeHandle
{
    /// <summary>Allocates memory.</summary>
    /// <param name="bytes">The size; the content is undefined.</param>
    public NativeBlock(long bytes) : base(0, ownsHandle: true)
    {
        Bytes = bytes;
        SetHandle((nint)HostMemory.Allocate(bytes));
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>How much there is.</summary>
    public long Bytes { get; }

    /// <summary>Address of the first byte.</summary>
    public nint Data
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return handle;
        }
    }

    /// <summary>Some of its numbers.</summary>
    /// <param name="first">Index of the first number, in floats.</param>
    /// <param name="count">How many.</param>
    public Span<float> Floats(long first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + count, Bytes / sizeof(float));
        return new((float*)Data + first, count);
    }

    protected override bool ReleaseHandle()
    {
        HostMemory.Free((void*)handle);
        return true;
    }
}
