using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;

namespace VlmSharp.Quantization;

/// <summary>A matrix quantized into memory of its own: integers, then scales.</summary>
internal sealed unsafe class QuantizedMatrix : IDisposable
{
    private byte* memory;

    private QuantizedMatrix(string name, DType format, int rows, int columns)
    {
        long elements = rows * format.RowBytes(columns);
        memory = (byte*)HostMemory.Allocate(format.ByteLength(rows, columns));
        Data = new WeightData(name, format, rows, columns, (nint)memory, this, (nint)(memory + elements));
    }

    ~QuantizedMatrix() => Free();

    /// <summary>The matrix as backends take it, valid until this is disposed of.</summary>
    public WeightData Data { get; }

    /// <summary>Quantizes a matrix of a model, its rows on several threads.</summary>
    /// <param name="checkpoint">The model.</param>
    /// <param name="name">The matrix: F32, BF16 or F16, its columns whole groups of <paramref name="format"/>.</param>
    /// <param name="format">Int8 or Int4.</param>
    /// <param name="threads">The most threads, the caller's included.</param>
    /// <param name="cancellationToken">Looked at between rows.</param>
    /// <returns>The matrix, owned by the caller.</returns>
    /// <exception cref="ModelFormatException">It holds NaN or infinity.</exception>
    public static QuantizedMatrix From(Checkpoint checkpoint, string name, DType format, int threads, CancellationToken cancellationToken)
    {
        WeightData source = checkpoint.Weight(name);
        var matrix = new QuantizedMatrix(source.Name, format, source.Rows, source.Columns);
        try
        {
            nint rowBytes = (nint)format.RowBytes(source.Columns), groups = (nint)format.Groups(source.Columns);
            var options = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken };
            ParallelLoopResult done = Parallel.For(0, source.Rows, options, () => new float[source.Columns], (row, loop, wide) =>
            {
                source.Widen(row, wide);
                if (!GroupQuantizer.Quantize(wide, format, (byte*)matrix.Data.Data + row * rowBytes, (ushort*)matrix.Data.Scales + row * groups)) loop.Break();
                return wide;
            }, _ => { });
            if (done.LowestBreakIteration is { } damaged)
                throw new ModelFormatException($"{checkpoint.Directory}: row {damaged} of {name} holds NaN or infinity, which {format} cannot say; the file may be damaged, so get it again, or use the model as it is stored.");
            return matrix;
        }
        catch
        {
            matrix.Dispose();
            throw;
        }
    }

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
