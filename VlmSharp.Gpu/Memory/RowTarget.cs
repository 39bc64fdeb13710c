using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Gpu.Kernels;

namespace VlmSharp.Gpu.Memory;

/// <summary>Where a kernel writes the rows of a matrix number by number: in fp32, or rounded to bf16 with padded rows.</summary>
internal struct RowTarget
{
    private ArrayView<float> wide; // [T, columns], or empty
    private ArrayView<ushort> narrow; // [T, padded columns], or empty

    /// <summary>Numbers of a row with its padding, which the kernel fills with zeros.</summary>
    public int PaddedColumns;

    /// <summary>The rows of a matrix.</summary>
    public static RowTarget Of(Matrix y)
    {
        if (!y.Block().IsNarrow) return new RowTarget { wide = y.Floats(), PaddedColumns = y.Columns };
        return new RowTarget { narrow = y.Chunks().Cast<ushort>(), PaddedColumns = DeviceBlock.RowChunks(y.Columns) * DeviceBlock.ChunkNumbers };
    }

    /// <summary>Writes a number.</summary>
    public readonly void Set(int row, int column, float value)
    {
        long at = (long)row * PaddedColumns + column;
        if (wide.Length > 0) wide[at] = value;
        else narrow[at] = (ushort)Bits.Round(value);
    }

    /// <summary>Writes eight numbers that are bf16 already, of a matrix that is kept in bf16.</summary>
    public readonly void SetChunk(int row, int chunk, U4 numbers) =>
        narrow.Cast<U4>()[(long)row * (PaddedColumns / DeviceBlock.ChunkNumbers) + chunk] = numbers;
}
