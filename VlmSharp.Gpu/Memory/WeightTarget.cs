using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Gpu.Kernels;

namespace VlmSharp.Gpu.Memory;

/// <summary>
/// A parameter that a kernel changes number by number, row-major: the stored numbers, the fp32 master copy of a bf16 parameter, and the
/// fp32 copy of a vector, which operators read.
/// </summary>
internal struct WeightTarget
{
    private ArrayView<float> wide, master, vector; // [out, padded in] for F32, else empty; [out, in] or empty; [in] or empty
    private ArrayView<ushort> narrow; // [out, padded in] for BF16, else empty
    private int columns, paddedColumns;

    /// <summary>The numbers of a parameter.</summary>
    /// <param name="weight">F32 or BF16.</param>
    /// <param name="master">Its master copy, or <c>default</c>.</param>
    /// <exception cref="ArgumentException">The parameter was loaded as read-only.</exception>
    public static WeightTarget Of(DeviceWeight weight, Matrix master = default)
    {
        if (!weight.IsWritable)
            throw new ArgumentException(
                $"The weight {weight} was loaded to be read alone; a parameter that is trained needs memory of its own.");
        bool isWide = weight.Format == DType.F32;
        return new WeightTarget
        {
            wide = isWide ? weight.Data.Cast<float>() : default,
            narrow = isWide ? default : weight.Data.Cast<ushort>(),
            master = master.OptionalFloats(),
            vector = weight.Rows == 1 ? weight.Vector : default,
            columns = weight.Columns,
            paddedColumns = DeviceBlock.RowChunks(weight.Columns) * DeviceBlock.ChunkNumbers,
        };
    }

    /// <summary>Reads one number, from the master copy if there is one.</summary>
    public readonly float Get(long at) => master.Length > 0 ? master[at] : wide[Place(at)];

    /// <summary>Writes one number to all copies, rounded to the storage format.</summary>
    public readonly void Set(long at, float value)
    {
        if (master.Length > 0) master[at] = value;
        if (wide.Length > 0)
        {
            wide[Place(at)] = value;
        }
        else
        {
            uint rounded = Bits.Round(value);
            narrow[Place(at)] = (ushort)rounded;
            value = Bits.Low(rounded);
        }

        if (vector.Length > 0) vector[at] = value;
    }

    private readonly long Place(long at)
    {
        long row = at / columns;
        return row * paddedColumns + (at - row * columns);
    }
}
