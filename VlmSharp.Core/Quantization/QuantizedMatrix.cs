using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;

namespace VlmSharp.Quantization;

/// <summary>A matrix quantized into memory of its own: integers, then scales.</summary>
internal sealed unsafe class QuantizedMatrix : IDisposable
{
    private byte* memory;

    private QuantizedMatrix(string name, DType format, int rows, int columns, DType valueType)
    {
        long elements = rows * format.RowBytes(columns), scales = (elements + sizeof(float) - 1) / sizeof(float) * sizeof(float);
        memory = (byte*)HostMemory.Allocate(scales + format.ScaleBytes(rows, columns));
        Data = new WeightData(name, format, rows, columns, (nint)memory, this, (nint)(memory + scales), valueType);
    }

    ~QuantizedMatrix() => Free();

    /// <summary>The matrix for a backend, valid until this object is disposed of.</summary>
    public WeightData Data { get; }

    /// <summary>The quantized scales of an Nf4 matrix, to which its scales were rounded; otherwise null.</summary>
    public DoubleQuantization? QuantizedScales { get; private set; }

    /// <summary>Quantizes a matrix of a model, with its rows on several threads.</summary>
    /// <param name="checkpoint">The open model, which must stay open meanwhile.</param>
    /// <param name="name">The matrix: F32, BF16 or F16, with a number of columns that fits <paramref name="format"/>.</param>
    /// <param name="format">Int8, Int4 or Nf4, which quantizes the scales too.</param>
    /// <param name="threads">The most threads, the caller's included.</param>
    /// <param name="cancellationToken">Checked between rows.</param>
    /// <returns>The matrix, owned by the caller.</returns>
    /// <exception cref="ModelFormatException">It contains NaN or infinity.</exception>
    public static QuantizedMatrix From(Checkpoint checkpoint, string name, DType format, int threads, CancellationToken cancellationToken)
    {
        WeightData source = checkpoint.Weight(name);
        var matrix = new QuantizedMatrix(source.Name, format, source.Rows, source.Columns, format == DType.Nf4 ? source.DType : DType.F32);
        try
        {
            // The number of rows that are quantized together: one, or for Nf4 as many as make whole blocks.
            int together = format == DType.Nf4 ? Nf4.BlockSize / (int)GreatestCommonDivisor(Nf4.BlockSize, source.Columns) : 1;
            var options = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken };
            int parts = (source.Rows + together - 1) / together;
            long length = (long)together * source.Columns;
            ParallelLoopResult done = Parallel.For(0, parts, options, () => new float[length], (part, loop, wide) =>
            {
                int first = part * together, rows = Math.Min(together, source.Rows - first);
                for (int i = 0; i < rows; i++) source.Widen(first + i, wide.AsSpan(i * source.Columns, source.Columns));
                if (!matrix.Quantize(first, wide.AsSpan(0, rows * source.Columns))) loop.Break();
                return wide;
            }, _ => { });
            if (done.LowestBreakIteration is { } damaged)
            {
                throw new ModelFormatException(
                    $"{checkpoint.Directory}: row {DamagedRow(source, (int)damaged * together)} of {name} holds NaN or infinity, " +
                    $"which {format} cannot say; the file may be damaged, so get it again, or use the model as it is stored.");
            }

            if (format == DType.Nf4) matrix.QuantizeScales();
            return matrix;
        }
        catch
        {
            matrix.Dispose();
            throw;
        }
    }

    private bool Quantize(int row, ReadOnlySpan<float> numbers)
    {
        byte* elements = (byte*)Data.Data + row * (nint)Data.DType.RowBytes(Data.Columns);
        return Data.DType == DType.Nf4
            ? Nf4Quantizer.Quantize(numbers, elements, (float*)Data.Scales + (nint)row * Data.Columns / Nf4.BlockSize)
            : GroupQuantizer.Quantize(numbers, Data.DType, elements, (ushort*)Data.Scales + row * (nint)Data.DType.Groups(Data.Columns));
    }

    // Gives a model that is quantized while it is loaded the same numbers as one that was stored quantized.
    private void QuantizeScales()
    {
        var scales = new Span<float>((void*)Data.Scales, checked((int)Nf4.Blocks((long)Data.Rows * Data.Columns)));
        QuantizedScales = DoubleQuantization.Of(scales);
        QuantizedScales.Restore(scales);
    }

    private static int DamagedRow(in WeightData source, int row)
    {
        float[] numbers = new float[source.Columns];
        for (; row < source.Rows; row++)
        {
            source.Widen(row, numbers);
            if (!numbers.All(float.IsFinite)) return row;
        }

        return source.Rows - 1;
    }

    private static long GreatestCommonDivisor(long a, long b) => b == 0 ? a : GreatestCommonDivisor(b, a % b);

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        HostMemory.Free(memory);
        memory = null;
    }
}
