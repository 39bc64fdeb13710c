using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Gpu.Kernels;

namespace VlmSharp.Gpu.Memory;

/// <summary>A parameter of any storage format, read number by number, for lookups that need few numbers.</summary>
internal struct StoredNumbers
{
    private ArrayView<U4> data; // [rows, chunks of 16 bytes]
    private ArrayView<ushort> scales; // [rows, groups], a table for Nf4, or empty
    private int format, rowChunks, rowGroups;

    /// <summary>The numbers of a parameter.</summary>
    public static StoredNumbers Of(DeviceWeight weight) => new()
    {
        data = weight.Data,
        scales = weight.Scales,
        format = (int)weight.Format,
        rowChunks = weight.RowChunks,
        rowGroups = (int)weight.Format.Groups(weight.Columns),
    };

    /// <summary>One number, widened to fp32.</summary>
    public readonly float At(int row, int column)
    {
        long chunk = (long)row * rowChunks;
        if (format == (int)DType.BF16) return Bits.Low(data.Cast<ushort>()[chunk * 8 + column]);
        if (format == (int)DType.F32) return data.Cast<float>()[chunk * 4 + column];
        if (format == (int)DType.F16) return Bits.Half(data.Cast<ushort>()[chunk * 8 + column]);
        if (format == (int)DType.Int8)
            return Bits.Low(scales[(long)row * rowGroups + column / 64]) * data.Cast<sbyte>()[chunk * 16 + column];
        if (format == (int)DType.Nf4)
        {
            ArrayView<float> table = scales.Cast<float>();
            long place = chunk * 32 + column;
            int pair = data.Cast<byte>()[place / 2];
            uint code = (uint)(place % 2 == 0 ? pair >> 4 : pair), rounding = scales.Cast<uint>()[Nf4Table.Rounding];
            return Nf4Table.Number(table, code, table[Nf4Table.FirstScale + place / 64], rounding);
        }

        // Word i % 8 of the group's eight, nibble i / 8 of the word.
        int group = column / 32, i = column % 32, word = data.Cast<ushort>()[(chunk + group) * 8 + i % 8];
        return Bits.Low(scales[(long)row * rowGroups + group]) * (((word >> (4 * (i / 8))) & 15) - 8);
    }
}
