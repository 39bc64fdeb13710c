using System.Collections.Immutable;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Formats;

namespace VlmSharp.Quantization;

/// <summary>
/// Writes a copy of a model folder with its decoder quantized, to be opened like any other.
/// <code>
/// X.weight        I8  [out, in]       int8, or
///                 U8  [out, in / 2]   int4, two to a byte
/// X.weight_scale  BF16 [out, in / g]  g = 64 for int8, 32 for int4:   W[o, i] = scale[o, i / g] * q[o, i]
/// config.json     "quantization_config": { "quant_method": "vlmsharp", "format": "int8" or "int4" }
/// </code>
/// <see cref="DType"/> says how the integers are packed. Nf4 is written in bitsandbytes' format, which transformers and others can read
/// (<see cref="Nf4Tensors"/>). Tokenizer, preprocessor and license are copied. Tensors are quantized while they are written, one at a time.
/// </summary>
public static class ModelQuantizer
{
    /// <summary>Quantizes a model.</summary>
    /// <param name="source">The model folder.</param>
    /// <param name="target">The folder to write; created, or empty.</param>
    /// <param name="format">Int8, Int4 or Nf4.</param>
    /// <param name="progress">Receives the fraction of the bytes that is written, 0 to 1; or null.</param>
    /// <param name="threads">The most threads, or null for one per processor that the process may use.</param>
    /// <param name="ignoreUnexpected">Whether to leave out tensors that the model does not have; else they are an error.</param>
    /// <param name="cancellationToken">Cancels it between rows, and leaves nothing in <paramref name="target"/>.</param>
    /// <returns>How many matrices were quantized.</returns>
    /// <exception cref="ModelFormatException">The source is not a usable PaliGemma checkpoint, or contains NaN or infinity.</exception>
    /// <exception cref="RequestException">
    /// It is quantized already, <paramref name="format"/> is not a quantized format, or no matrix of the decoder has rows of whole groups.
    /// </exception>
    /// <exception cref="IOException">The target cannot be written, or is not empty.</exception>
    public static QuantizationSummary Write(
        string source,
        string target,
        DType format,
        IProgress<double>? progress = null,
        int? threads = null,
        bool ignoreUnexpected = false,
        CancellationToken cancellationToken = default)
    {
        if (threads is int few) ArgumentOutOfRangeException.ThrowIfNegativeOrZero(few, nameof(threads));
        using Checkpoint checkpoint = Checkpoint.Open(source, ignoreUnexpected);
        QuantizationSummary summary = QuantizationPlan.Check(checkpoint, format);
        ModelFolder.Write(source, target, Tensors(checkpoint, format, progress, threads ?? Environment.ProcessorCount, cancellationToken),
            QuantizedConfig.Write(checkpoint, format));
        return summary;
    }

    private static List<TensorToWrite> Tensors(
        Checkpoint checkpoint, DType format, IProgress<double>? progress, int threads, CancellationToken cancellationToken)
    {
        var tensors = new List<TensorToWrite>();
        long total = 0, written = 0;
        foreach (CheckpointTensor tensor in checkpoint.Tensors.Values)
        {
            if (tensor.Name == TensorNames.Head && !checkpoint.HasSeparateHead) continue; // equal to the embedding table
            WeightData data = checkpoint.Weight(tensor.Name);
            DType? wanted = QuantizationPlan.FormatOf(tensor.Name, data.Rows, data.Columns, format);
            if (wanted == DType.Nf4)
            {
                // The header depends on the scales, so they are computed before anything is written.
                using QuantizedMatrix matrix = QuantizedMatrix.From(checkpoint, tensor.Name, DType.Nf4, threads, cancellationToken);
                Add(tensor.Name, SafetensorsType.U8, [data.Rows * DType.Nf4.RowBytes(data.Columns), 1],
                    stream => WriteMatrix(stream, checkpoint, tensor.Name, DType.Nf4, scales: false, threads, cancellationToken));
                foreach (TensorToWrite part in Nf4Tensors.Beside(matrix)) Add(part.Name, part.Type, part.Shape, part.WriteTo);
            }
            else if (wanted is { } to)
            {
                long columns = to == DType.Int4 ? data.Columns / 2 : data.Columns;
                Add(tensor.Name, to.AsSafetensorsType(), [data.Rows, columns],
                    stream => WriteMatrix(stream, checkpoint, tensor.Name, to, scales: false, threads, cancellationToken));
                Add(tensor.Name + TensorNames.ScaleSuffix, SafetensorsType.BF16, [data.Rows, to.Groups(data.Columns)],
                    stream => WriteMatrix(stream, checkpoint, tensor.Name, to, scales: true, threads, cancellationToken));
            }
            else
            {
                Add(tensor.Name, tensor.DType.AsSafetensorsType(), tensor.Shape,
                    stream => TensorToWrite.WriteBytes(stream, data.Data, data.ByteLength));
            }
        }

        return tensors;

        void Add(string name, SafetensorsType type, ImmutableArray<long> shape, Action<Stream> write)
        {
            var tensor = new TensorToWrite(name, type, shape, stream =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                long start = stream.Position;
                write(stream);
                written += stream.Position - start;
                progress?.Report((double)written / total);
            });
            total += tensor.ByteLength;
            tensors.Add(tensor);
        }
    }

    // Integers and scales are apart in the file, wide elements first. Computing both twice is cheaper than keeping all of them.
    private static void WriteMatrix(
        Stream stream,
        Checkpoint checkpoint,
        string name,
        DType format,
        bool scales,
        int threads,
        CancellationToken cancellationToken)
    {
        using QuantizedMatrix matrix = QuantizedMatrix.From(checkpoint, name, format, threads, cancellationToken);
        WeightData data = matrix.Data;
        if (scales) TensorToWrite.WriteBytes(stream, data.Scales, format.ScaleBytes(data.Rows, data.Columns));
        else TensorToWrite.WriteBytes(stream, data.Data, data.Rows * format.RowBytes(data.Columns));
    }
}
