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
        owner = data.Owner;
    }

    /// <summary>Address of the first element; not necessarily aligned.</summary>
    public byte* Data { get; }

    /// <summary>Address of a row.</summary>
    /// <param name="row">A row.</param>
    /// <returns>The address of its first element.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* RowPointer(int row) => Data + (nint)row * Columns * DType.Size();

    /// <summary>One element, widened to fp32: exact from every format.</summary>
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
            _ => throw new NotSupportedException($"Weight {this}: unknown storage format."),
        };
    }

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
