using System.Runtime.CompilerServices;

namespace VlmSharp.Compute.Host;

/// <summary>A parameter read in place from the mapped checkpoint.</summary>
internal sealed unsafe class HostWeight : Weight
{
    // Vectors longer than this do not occur in a transformer; the bound keeps a hostile checkpoint from a large copy.
    private const int LongestVector = 1 << 22;

    private readonly WeightData source; // its owner keeps the mapping open
    private float[]? vector;

    public HostWeight(in WeightData data) : base(data.Name, data.DType, data.Rows, data.Columns) => source = data;

    /// <summary>Address of the first element; not necessarily aligned.</summary>
    public byte* Data => (byte*)source.Data;

    /// <summary>Address of the first scale of a quantized matrix, bfloat16 [rows, groups], of Nf4 fp32 [blocks]; not necessarily aligned.</summary>
    public ushort* Scales => (ushort*)source.Scales;

    /// <summary>Of Nf4: the format that its numbers are rounded to.</summary>
    public DType ValueType => source.ValueType;

    /// <summary>Address of a row.</summary>
    /// <param name="row">A row.</param>
    /// <returns>The address of its first element.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* RowPointer(int row) => Data + (nint)row * (nint)DType.RowBytes(Columns);

    /// <summary>One element, widened to fp32.</summary>
    /// <param name="row">Row.</param>
    /// <param name="column">Column.</param>
    /// <returns>Its value.</returns>
    public float At(int row, int column) => source.At(row, column);

    /// <summary>A row, widened to fp32.</summary>
    /// <param name="row">Row.</param>
    /// <returns>[columns].</returns>
    public float[] Row(int row)
    {
        float[] values = new float[Columns];
        source.Widen(row, values);
        return values;
    }

    /// <summary>The elements of a vector (a bias, a norm's gain) in fp32, widened once.</summary>
    /// <returns>[columns].</returns>
    public ReadOnlySpan<float> Vector()
    {
        if (vector is not null) return vector;
        if (Rows != 1 || Columns > LongestVector) throw new InvalidOperationException($"Weight {this} is not a vector.");
        return vector = Row(0);
    }
}
