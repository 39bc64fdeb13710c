using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Gpu.Kernels;

namespace VlmSharp.Gpu.Memory;

/// <summary>Where a kernel writes the rows of a matrix number by number: in fp32, or rounded to bf16 with padded rows.</summary>
internal struct RowTarget
{
    private ArrayView<float> wide; // [T, columns], or empty
    private ArrayView<ushort> narrow; // [T, padded columns], or empty

    /// <summary>Numbers in a row with its padding, which the kernel fills with zeros.</summary>
    public int PaddedColumns;

    /// <summary>The rows of a matrix.</summary>
    public static RowTarget Of(Matrix y)
    {
        if (!y.Block().IsNarrow) return new RowTarget { wide = y.Floats(), PaddedColumns = y.Columns };
        int paddedColumns = DeviceBlock.RowChunks(y.Columns) * DeviceBlock.ChunkNumbers;
        return new RowTarget { narrow = y.Chunks().Cast<ushort>(), PaddedColumns = paddedColumns };
    }

    /// <summary>Adjacent rows of a matrix that is kept in fp32.</summary>
    public static RowTarget Of(Matrix y, int first, int count) => new()
    {
        wide = y.Floats().SubView((long)first * y.Columns, (long)count * y.Columns),
        PaddedColumns = y.Columns,
    };

    /// <summary>Writes a number.</summary>
    public readonly void Set(int row, int column, float value)
    {
        long at = (long)row * PaddedColumns + column;
        if (wide.Length > 0) wide[at] = value;
        else narrow[at] = (ushort)Bits.Round(value);
    }

    /// <summary>Writes four adjacent numbers; column and padded columns are multiples of four.</summary>
    public readonly void SetFour(int row, int column, F4 values)
    {
        long at = ((long)row * PaddedColumns + column) >> 2;
        if (wide.Length > 0) wide.Cast<F4>()[at] = values;
        else narrow.Cast<U2>()[at] = new U2 { X = Bits.Pack(values.X, values.Y), Y = Bits.Pack(values.Z, values.W) };
    }

    /// <summary>Reads four adjacent numbers.</summary>
    public readonly F4 GetFour(int row, int column)
    {
        long at = ((long)row * PaddedColumns + column) >> 2;
        if (wide.Length > 0) return wide.Cast<F4>()[at];
        U2 words = narrow.Cast<U2>()[at];
        return new F4 { X = Bits.Low(words.X), Y = Bits.High(words.X), Z = Bits.Low(words.Y), W = Bits.High(words.Y) };
    }

    /// <summary>Reads a number.</summary>
    public readonly float Get(int row, int column)
    {
        long at = (long)row * PaddedColumns + column;
        return wide.Length > 0 ? wide[at] : Bits.Low(narrow[at]);
    }

    /// <summary>Writes eight numbers that are already bf16 to a matrix that is kept in bf16.</summary>
    public readonly void SetChunk(int row, int chunk, U4 numbers) =>
        narrow.Cast<U4>()[(long)row * (PaddedColumns / DeviceBlock.ChunkNumbers) + chunk] = numbers;
}
