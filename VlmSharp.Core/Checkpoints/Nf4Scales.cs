using VlmSharp.Compute;
using VlmSharp.Compute.Host;

namespace VlmSharp.Checkpoints;

/// <summary>
/// The scales of a matrix that bitsandbytes stored as NF4. Kernels take fp32 [blocks of 64]. Scales that are stored in this form are used
/// in place. Scales that are quantized or belong to larger blocks are computed on first use, into memory of their own: 1/8 of the bytes of
/// the elements.
/// </summary>
internal sealed unsafe class Nf4Scales : IDisposable
{
    private readonly BitsAndBytesTensor source;
    private readonly long blocks;
    private readonly Lock gate = new();
    private float* memory;
    private bool isDisposed;

    /// <summary>The scales of a matrix; nothing is read yet.</summary>
    /// <param name="source">How the matrix is quantized, checked.</param>
    /// <param name="elements">Elements of the matrix.</param>
    public Nf4Scales(BitsAndBytesTensor source, long elements)
    {
        this.source = source;
        blocks = Nf4.Blocks(elements);
    }

    ~Nf4Scales() => Free();

    /// <summary>The format that the numbers are rounded to.</summary>
    public DType ValueType => source.ValueType;

    /// <summary>Bytes of everything that the files hold beside the elements.</summary>
    public long StoredBytes => source.StoredBytes;

    /// <summary>Bytes of memory that <see cref="Pointer"/> allocates.</summary>
    public long OwnBytes => IsInPlace ? 0 : blocks * sizeof(float);

    private bool IsInPlace => source.Nested is null && source.BlockSize == Nf4.BlockSize;

    /// <summary>Address of the scales, fp32 [blocks], valid until this and the files are disposed; not necessarily aligned.</summary>
    public nint Pointer()
    {
        if (IsInPlace) return source.Scales;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            if (memory == null) memory = Restore();
            return (nint)memory;
        }
    }

    /// <summary>Hands over what is stored beside the elements, as it is stored: address and bytes of each part.</summary>
    public void AppendTo(Action<nint, long> append)
    {
        int repeat = source.BlockSize / Nf4.BlockSize;
        long stored = (blocks + repeat - 1) / repeat;
        append(source.Scales, source.Nested is null ? stored * sizeof(float) : stored);
        if (source.Nested is not { } nested) return;
        fixed (float* map = nested.Map, scales = nested.Scales)
        {
            append((nint)map, nested.Map.Length * sizeof(float));
            append((nint)scales, nested.Scales.Length * sizeof(float));
        }

        float offset = nested.Offset;
        append((nint)(&offset), sizeof(float));
    }

    private float* Restore()
    {
        int repeat = source.BlockSize / Nf4.BlockSize;
        float* made = (float*)HostMemory.Allocate(blocks * sizeof(float));
        int stored = checked((int)((blocks + repeat - 1) / repeat));
        if (source.Nested is { } nested)
        {
            ReadOnlySpan<byte> codes = new((byte*)source.Scales, stored);
            Nf4.RestoreScales(codes, nested.Map, nested.Scales, nested.BlockSize, nested.Offset, new(made, stored));
        }
        else
            Buffer.MemoryCopy((float*)source.Scales, made, blocks * sizeof(float), (long)stored * sizeof(float));
        // Goes from the end, so that a scale is copied to its blocks before its own place is overwritten.
        for (long i = blocks - 1; i > 0 && repeat > 1; i--) made[i] = made[i / repeat];
        return made;
    }

    public void Dispose()
    {
        lock (gate)
        {
            isDisposed = true;
            Free();
        }

        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        HostMemory.Free(memory);
        memory = null;
    }
}

/// <summary>How an NF4 matrix is quantized: what is stored beside its elements.</summary>
/// <param name="BlockSize">Elements that share a scale; a multiple of 64.</param>
/// <param name="ValueType">The format that the numbers are rounded to.</param>
/// <param name="Scales">Address of the scales: fp32, or one byte each if they are quantized.</param>
/// <param name="Nested">How the scales are quantized, or null.</param>
/// <param name="StoredBytes">Bytes of everything stored beside the elements.</param>
internal sealed record BitsAndBytesTensor(int BlockSize, DType ValueType, nint Scales, NestedScales? Nested, long StoredBytes);

/// <summary>Scales that are quantized to a byte each.</summary>
/// <param name="BlockSize">Scales that share a nested scale.</param>
/// <param name="Map">The value of each byte, [256].</param>
/// <param name="Scales">The nested scales.</param>
/// <param name="Offset">The mean, which is added to each scale.</param>
internal sealed record NestedScales(int BlockSize, float[] Map, float[] Scales, float Offset);
