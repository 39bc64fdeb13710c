using System.Runtime.CompilerServices;

namespace VlmSharp.Compute;

/// <summary>
/// A parameter as it is stored in a checkpoint: name, storage format, shape and the bytes in mapped memory. Nothing is copied; the bytes
/// are valid as long as <paramref name="Owner"/> is open.
/// </summary>
/// <param name="Name">The tensor's canonical name, for messages.</param>
/// <param name="DType">The storage format of its elements.</param>
/// <param name="Rows">Rows when read as a matrix <c>[out, in]</c>; 1 for a vector.</param>
/// <param name="Columns">Columns when read as a matrix; the length of a vector.</param>
/// <param name="Data">Address of the first element, row-major, little-endian, not necessarily aligned.</param>
/// <param name="Owner">The object that keeps the memory mapped.</param>
/// <param name="Scales">Address of a quantized matrix's first scale, bfloat16 [rows, groups of a row] or for Nf4 fp32 [blocks]; else
/// 0.</param>
/// <param name="ValueType">For Nf4: F32, BF16 or F16, the format that the matrix had before, to which its numbers are rounded.</param>
/// <param name="IsWritable">Whether the memory may be written to, as a trainer's own memory. Writing to a mapped checkpoint would end the
/// process.</param>
public readonly record struct WeightData(
    string Name,
    DType DType,
    int Rows,
    int Columns,
    nint Data,
    object Owner,
    nint Scales = 0,
    DType ValueType = DType.F32,
    bool IsWritable = false)
{
    /// <summary>Bytes of all elements and scales.</summary>
    public long ByteLength => DType.ByteLength(Rows, Columns);

    /// <summary>
    /// One element, widened to fp32. This is exact for every format, because a scale has 8 significant bits and an integer at most 8; Nf4
    /// elements equal those of bitsandbytes.
    /// </summary>
    /// <param name="row">The output, from 0.</param>
    /// <param name="column">The input, from 0.</param>
    /// <returns>Its value.</returns>
    public unsafe float At(int row, int column)
    {
        byte* start = (byte*)Data + (nint)row * (nint)DType.RowBytes(Columns);
        return DType switch
        {
            DType.F32 => Unsafe.ReadUnaligned<float>(start + (nint)column * sizeof(float)),
            DType.BF16 => BFloat16.ToSingle(Unsafe.ReadUnaligned<ushort>(start + (nint)column * sizeof(ushort))),
            DType.F16 => (float)Unsafe.ReadUnaligned<Half>(start + (nint)column * sizeof(ushort)),
            DType.Int8 => Scale(row, column) * (sbyte)start[column],
            DType.Int4 => Scale(row, column) * Nibble(start + column / 32 * 16, column % 32),
            DType.Nf4 => Nf4.Dequantize(start[column / 2] >> (column % 2 == 0 ? 4 : 0) & 15, BlockScale(row, column), ValueType),
            _ => throw new NotSupportedException($"Weight {Name}: unknown storage format {DType}."),
        };

        // Element i is nibble i / 8 of word i % 8 of the group.
        static int Nibble(byte* group, int i) => ((Unsafe.ReadUnaligned<ushort>(group + 2 * (i % 8)) >> (4 * (i / 8))) & 15) - 8;
    }

    /// <summary>A row, widened to fp32. With this method a backend can read a parameter of any format.</summary>
    /// <param name="row">The output, from 0.</param>
    /// <param name="target">[columns].</param>
    public unsafe void Widen(int row, Span<float> target)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(target.Length, Columns);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows, nameof(row));
        if (DType == DType.BF16)
        {
            BFloat16.ToSingle(new ReadOnlySpan<ushort>((byte*)Data + (nint)row * (nint)DType.RowBytes(Columns), Columns), target);
        }
        else
        {
            for (int i = 0; i < target.Length; i++) target[i] = At(row, i);
        }

        GC.KeepAlive(Owner);
    }

    private unsafe float BlockScale(int row, int column) =>
        Unsafe.ReadUnaligned<float>((float*)Scales + ((nint)row * Columns + column) / Nf4.BlockSize);

    private unsafe float Scale(int row, int column) =>
        BFloat16.ToSingle(Unsafe.ReadUnaligned<ushort>(
            (ushort*)Scales + (nint)row * (nint)DType.Groups(Columns) + column / DType.GroupSize()));
}

/// <summary>
/// A parameter on a backend: on the CPU a view of the mapped checkpoint, on a GPU a device buffer. Only the matrix product and the
/// embedding lookup depend on its storage format.
/// </summary>
public abstract class Weight : IDisposable
{
    /// <summary>Creates the parameter.</summary>
    /// <param name="name">Its canonical name.</param>
    /// <param name="dtype">Its storage format.</param>
    /// <param name="rows">Rows, 1 for a vector.</param>
    /// <param name="columns">Numbers in a row.</param>
    protected Weight(string name, DType dtype, int rows, int columns)
    {
        Name = name;
        DType = dtype;
        Rows = rows;
        Columns = columns;
    }

    /// <summary>The canonical name.</summary>
    public string Name { get; }

    /// <summary>The storage format.</summary>
    public DType DType { get; }

    /// <summary>Output features of a linear layer; 1 for a vector.</summary>
    public int Rows { get; }

    /// <summary>Input features of a linear layer; the length of a vector.</summary>
    public int Columns { get; }

    /// <summary>Bytes that a pass over the whole parameter reads.</summary>
    public virtual long ByteLength => DType.ByteLength(Rows, Columns);

    /// <summary>Frees what the backend holds. The mapped checkpoint stays open.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what the backend holds.</summary>
    /// <param name="disposing">True when called from <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing) { }

    /// <summary>Name and shape, for messages.</summary>
    /// <returns>For instance <c>lm_head.weight BF16 [257216, 2048]</c>.</returns>
    public override string ToString() => $"{Name} {DType} [{Rows}, {Columns}]";
}
