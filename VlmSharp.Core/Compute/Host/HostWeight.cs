using System.Runtime.CompilerServices;

namespace VlmSharp.Compute.Host;

/// <summary>A parameter read in place from the mapped checkpoint.</summary>
public sealed unsafe class HostWeight : Weight
{
    // Vectors longer than this do not occur in a transformer; the bound keeps a hostile checkpoint from a large copy.
    private const int LongestVector = 1 << 22;

    private readonly object owner; // keeps the mapping open
    private float[]? vector;

    internal HostWeight(in WeightData data) : base(data.Name, data.DType, data.Rows, data.Columns)
    {
        Data = (byte*)data.Data;
        Scales = (ushort*)data.Scales;
        owner = data.Owner;
    }

    /// <summary>Address of the first element; not necessarily aligned.</summary>
    public byte* Data { get; }

    /// <summary>Address of the first scale of a quantized matrix, bfloat16 [rows, groups]; not necessarily aligned.</summary>
    public ushort* Scales { get; }

    /// <summary>Address of a row.</summary>
    /// <param name="row">A row.</param>
    /// <returns>The address of its first element.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* RowPointer(int row) => Data + (nint)row * (nint)DType.RowBytes(Columns);

    /// <summary>One element, widened to fp32: exact from every format, since a scale has 8 significant bits and an integer at most 8.</summary>
    /// <param name="row">Row.</param>
    /// <param name="column">Column.</param>
    /// <returns>Its value.</returns>
    public float At(int row, int column)
    {
        byte* row0 = RowPointer(row);
        return DType switch
        {
            DType.F32 => Unsafe.ReadUnaligned<float>(row0 + (nint)column * sizeof(float)),
            DType.BF16 => BFloat16.ToSingle(Unsafe.ReadUnaligned<ushort>(row0 + (nint)column * sizeof(ushort))),
            DType.F16 => (float)Unsafe.ReadUnaligned<Half>(row0 + (nint)column * sizeof(ushort)),
            DType.Int8 => Scale(row, column) * (sbyte)row0[column],
            DType.Int4 => Scale(row, column) * Nibble(row0 + column / 32 * 16, column % 32),
            _ => throw new NotSupportedException($"Weight {this}: unknown storage format."),
        };

        // Word i % 8 of the group's eight, nibble i / 8 of the word.
        static int Nibble(byte* group, int i) => ((Unsafe.ReadUnaligned<ushort>(group + 2 * (i % 8)) >> (4 * (i / 8))) & 15) - 8;
    }

    /// <summary>A row, widened to fp32.</summary>
    /// <param name="row">Row.</param>
    /// <param name="target">[columns].</param>
    internal void Widen(int row, Span<float> target)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(target.Length, Columns);
        if (DType == DType.BF16)
        {
            BFloat16.ToSingle(new ReadOnlySpan<ushort>(RowPointer(row), Columns), target);
        }
        else
        {
            for (int i = 0; i < target.Length; i++) target[i] = At(row, i);
        }
    }

    private float Scale(int row, int column) =>
        BFloat16.ToSingle(Unsafe.ReadUnaligned<ushort>(Scales + (nint)row * (nint)DType.Groups(Columns) + column / DType.GroupSize()));

    /// <summary>The elements of a vector (a bias, a norm's gain) in fp32, widened once.</summary>
    /// <returns>[columns].</returns>
    public ReadOnlySpan<float> Vector()
    {
        if (vector is not null) return vector;
        if (Rows != 1 || Columns > LongestVector) throw new InvalidOperationException($"Weight {this} is not a vector.");
        float[] values = new float[Columns];
        for (int i = 0; i < values.Length; i++) values[i] = At(0, i);
        GC.KeepAlive(owner);
        return vector = values;
    }
}
