using System.Runtime.CompilerServices;

namespace VlmSharp.Compute.Host;

/// <summary>A parameter read in place from the mapped checkpoint.</summary>
internal sealed unsafe class HostWeight : Weight
{
    // Vectors longer than this do not occur in a transformer. The limit prevents a large copy for a hostile checkpoint.
    private const int LongestVector = 1 << 22;

    private readonly WeightData source; // its owner keeps the mapping open
    private float[]? vector;

    public HostWeight(in WeightData data) : base(data.Name, data.DType, data.Rows, data.Columns) => source = data;

    /// <summary>Address of the first element; not necessarily aligned.</summary>
    public byte* Data => (byte*)source.Data;

    /// <summary>
    /// Address of a quantized matrix's first scale, bfloat16 [rows, groups] or for Nf4 fp32 [blocks]; not necessarily aligned.
    /// </summary>
    public ushort* Scales => (ushort*)source.Scales;

    /// <summary>For Nf4: the format that its numbers are rounded to.</summary>
    public DType ValueType => source.ValueType;

    /// <summary>Address of a row.</summary>
    /// <param name="row">The output, from 0; it is not checked.</param>
    /// <returns>The address of its first element.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* RowPointer(int row) => Data + (nint)row * (nint)DType.RowBytes(Columns);

    /// <summary>One element, widened to fp32.</summary>
    /// <param name="row">The output, from 0.</param>
    /// <param name="column">The input, from 0.</param>
    /// <returns>Its value.</returns>
    public float At(int row, int column) => source.At(row, column);

    /// <summary>A row, widened to fp32.</summary>
    /// <param name="row">The output, from 0.</param>
    /// <returns>[columns].</returns>
    public float[] Row(int row)
    {
        float[] values = new float[Columns];
        source.Widen(row, values);
        return values;
    }

    /// <summary>Address of the first element, for writing. Discards the copy that was widened before.</summary>
    /// <returns>The address; not necessarily aligned.</returns>
    /// <exception cref="ArgumentException">The memory belongs to a mapped checkpoint.</exception>
    public byte* Writable()
    {
        if (!source.IsWritable)
            throw new ArgumentException($"The weight {this} lies in memory that may only be read; "
                + "a parameter that is trained needs memory of its own.");
        vector = null;
        return Data;
    }

    /// <summary>Writes a row, rounded to the storage format.</summary>
    /// <param name="row">The output, from 0.</param>
    /// <param name="values">[columns].</param>
    public void Assign(int row, ReadOnlySpan<float> values)
    {
        byte* to = Writable() + (nint)row * (nint)DType.RowBytes(Columns);
        if (DType == DType.F32) values.CopyTo(new Span<float>(to, Columns));
        else BFloat16.FromSingle(values, new Span<ushort>(to, Columns));
    }

    /// <summary>Writes one number, rounded to the storage format.</summary>
    /// <param name="at">Its place, row-major.</param>
    /// <param name="value">Written as the nearest number of the storage format.</param>
    public void Assign(long at, float value)
    {
        byte* data = Writable();
        if (DType == DType.F32) Unsafe.WriteUnaligned(data + at * sizeof(float), value);
        else Unsafe.WriteUnaligned(data + at * sizeof(ushort), BFloat16.FromSingle(value));
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
