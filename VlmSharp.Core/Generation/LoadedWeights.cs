using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Quantization;

namespace VlmSharp.Generation;

/// <summary>
/// A checkpoint's parameters on a backend, either as they are stored or quantized while they are loaded. Owns the parameters but not the
/// checkpoint.
/// </summary>
/// <param name="checkpoint">An open checkpoint, which must stay open as long as the weights.</param>
/// <param name="backend">Where they are loaded.</param>
/// <param name="quantization">Int8, Int4 or Nf4 for the decoder, or null.</param>
/// <param name="cancellationToken">Cancels loading between weights, and between the rows of a weight that is being quantized.</param>
internal sealed class LoadedWeights(
    Checkpoint checkpoint, IComputeBackend backend, DType? quantization, CancellationToken cancellationToken) : IDisposable
{
    private readonly List<Weight> weights = [];
    private readonly List<QuantizedMatrix> quantized = [];

    /// <summary>Bytes of all parameters as the backend holds them: mapped, copied, or quantized.</summary>
    public long TotalBytes => weights.Sum(weight => weight.ByteLength);

    /// <summary>Bytes that quantized parameters take in memory of their own.</summary>
    public long QuantizedBytes { get; private set; }

    /// <summary>Loads a parameter.</summary>
    /// <param name="name">Its canonical name.</param>
    /// <returns>The parameter, owned by this object.</returns>
    public Weight Load(string name)
    {
        cancellationToken.ThrowIfCancellationRequested();
        WeightData data = checkpoint.Weight(name);
        if (quantization is { } asked && QuantizationPlan.FormatOf(name, data.Rows, data.Columns, asked) is { } format)
        {
            QuantizedMatrix matrix = QuantizedMatrix.From(checkpoint, name, format, backend.Threads, cancellationToken);
            QuantizedBytes += matrix.Data.ByteLength;
            if (!backend.CopiesWeights)
            {
                quantized.Add(matrix);
                data = matrix.Data;
            }
            else
            {
                using (matrix) return Keep(backend.LoadWeight(matrix.Data));
            }
        }

        return Keep(backend.LoadWeight(data));
    }

    private Weight Keep(Weight weight)
    {
        weights.Add(weight);
        return weight;
    }

    public void Dispose()
    {
        foreach (Weight weight in weights) weight.Dispose();
        weights.Clear();
        foreach (QuantizedMatrix matrix in quantized) matrix.Dispose();
        quantized.Clear();
    }
}
