using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Compute;
using VlmSharp.Gpu.Kernels;

namespace VlmSharp.Gpu.Memory;

/// <summary>
/// A parameter in device memory. Rows are padded with zeros to whole chunks of 8 numbers (of 16 or 32 bytes), so that kernels load 16 bytes
/// at a time. Quantized rows are always whole chunks.
/// </summary>
internal sealed class DeviceWeight : Weight
{
    private readonly MemoryBuffer1D<U4, Stride1D.Dense> data;
    private readonly MemoryBuffer1D<ushort, Stride1D.Dense>? scales;
    private readonly MemoryBuffer1D<float, Stride1D.Dense>? vector;

    /// <summary>Takes ownership of the memory.</summary>
    /// <param name="source">The parameter in the checkpoint.</param>
    /// <param name="format">The format on the device: a parameter in F32 may be BF16 there if that is exact, one in Nf4 may be
    /// widened.</param>
    /// <param name="data">[rows, chunks of a row].</param>
    /// <param name="scales">[rows, groups of a row] for a quantized matrix, an <see cref="Nf4Table"/> for one in Nf4.</param>
    /// <param name="vector">[columns] in fp32, for a single row.</param>
    public DeviceWeight(in WeightData source, DType format, MemoryBuffer1D<U4, Stride1D.Dense> data,
        MemoryBuffer1D<ushort, Stride1D.Dense>? scales, MemoryBuffer1D<float, Stride1D.Dense>? vector)
        : base(source.Name, source.DType, source.Rows, source.Columns)
    {
        Format = format;
        IsWritable = source.IsWritable;
        this.data = data;
        this.scales = scales;
        this.vector = vector;
    }

    /// <summary>The storage format on the device.</summary>
    public DType Format { get; }

    /// <summary>Whether operators may change it: a parameter that is trained.</summary>
    public bool IsWritable { get; }

    /// <summary>Chunks of 16 bytes in a row.</summary>
    public int RowChunks => ChunksOf(Format, Columns);

    /// <summary>[rows, <see cref="RowChunks"/>].</summary>
    public ArrayView<U4> Data => data.View.BaseView;

    /// <summary>Where <see cref="Data"/> is on the device.</summary>
    public long Address => data.NativePtr;

    /// <summary>[rows, groups], bf16, or an <see cref="Nf4Table"/>; empty for a format without scales.</summary>
    public ArrayView<ushort> Scales => scales is null ? default : scales.View.BaseView;

    /// <summary>[columns] in fp32, for a single row.</summary>
    public ArrayView<float> Vector =>
        vector is not null ? vector.View.BaseView : throw new InvalidOperationException($"Weight {this} is not a vector.");

    /// <inheritdoc/>
    public override long ByteLength => Format.ByteLength(Rows, Columns);

    /// <summary>Chunks of 16 bytes in a row of <paramref name="columns"/> numbers.</summary>
    public static int ChunksOf(DType format, int columns) =>
        (int)(format.RowBytes(format.IsQuantized() ? columns : (columns + 7) / 8 * 8) / 16);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            data.Dispose();
            scales?.Dispose();
            vector?.Dispose();
        }

        base.Dispose(disposing);
    }
}
