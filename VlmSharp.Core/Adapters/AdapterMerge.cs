using System.Numerics.Tensors;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Formats;

namespace VlmSharp.Adapters;

/// <summary>
/// Adds an adapter's products to a model's weights. The result is an ordinary model that needs no adapter.
/// <code>
/// W' = W + scale * B A      in fp32, rounded to the format of W
/// </code>
/// </summary>
public static class AdapterMerge
{
    /// <summary>
    /// Merges an adapter into a model. The result keeps the base model's tensor names and formats, tokenizer and preprocessor.
    /// </summary>
    /// <param name="model">The base model's folder.</param>
    /// <param name="adapter">The adapter's folder.</param>
    /// <param name="target">The folder to write; it is empty or does not exist yet.</param>
    /// <param name="progress">Receives the share of the bytes that is written, 0 to 1; or null.</param>
    /// <param name="ignoreUnexpected">Whether to leave out tensors that the model does not have; else they are an error.</param>
    /// <param name="cancellationToken">Cancels the merge between rows; nothing is left in <paramref name="target"/>.</param>
    /// <returns>The number of layers that were changed.</returns>
    /// <exception cref="ModelFormatException">One of the folders is not usable, or the adapter does not fit the model.</exception>
    /// <exception cref="RequestException">The model is quantized.</exception>
    /// <exception cref="IOException">The target cannot be written or is not empty.</exception>
    public static int Write(
        string model,
        string adapter,
        string target,
        IProgress<double>? progress = null,
        bool ignoreUnexpected = false,
        CancellationToken cancellationToken = default)
    {
        using Checkpoint checkpoint = Checkpoint.Open(model, ignoreUnexpected);
        using AdapterFile file = AdapterFile.Open(adapter);
        file.RequireFit(checkpoint.Config);
        if (checkpoint.Tensors.Values.FirstOrDefault(t => t.DType.IsQuantized()) is { } quantized)
            throw new RequestException($"{model} is quantized ({quantized.DType}), and merging would round its weights once more: "
                + "merge into the model that it was made from and quantize the result, or use the adapter beside it with --adapter.");
        Dictionary<string, AdaptedModule> modules = file.Modules.ToDictionary(m => m.WeightName, StringComparer.Ordinal);
        ModelFolder.Write(model, target, Tensors(checkpoint, file, modules, progress, cancellationToken),
            CheckpointFolder.ReadSmall(Path.Combine(model, CheckpointFolder.ConfigName)));
        return modules.Count;
    }

    /// <summary>A weight plus its low-rank product, in fp32.</summary>
    /// <param name="base">W [out, in].</param>
    /// <param name="a">A [rank, in].</param>
    /// <param name="b">B [out, rank].</param>
    /// <param name="scale">The factor of B A: alpha / rank, or with rsLoRA alpha / sqrt(rank).</param>
    /// <param name="cancellationToken">Cancels between rows.</param>
    /// <returns>W' [out, in].</returns>
    internal static float[] Merge(WeightData @base, WeightData a, WeightData b, double scale, CancellationToken cancellationToken = default)
    {
        float[] merged = new float[checked(@base.Rows * @base.Columns)], thin = new float[a.Rows * a.Columns];
        for (int r = 0; r < a.Rows; r++) a.Widen(r, thin.AsSpan(r * a.Columns, a.Columns));
        var options = new ParallelOptions { CancellationToken = cancellationToken };
        Parallel.For(0, @base.Rows, options, o =>
        {
            Span<float> row = merged.AsSpan(o * @base.Columns, @base.Columns); // W'[o]
            @base.Widen(o, row);
            for (int r = 0; r < a.Rows; r++)
                TensorPrimitives.MultiplyAdd(thin.AsSpan(r * a.Columns, a.Columns), (float)(scale * b.At(o, r)), row, row);
        });
        return merged;
    }

    private static List<TensorToWrite> Tensors(
        Checkpoint checkpoint,
        AdapterFile file,
        Dictionary<string, AdaptedModule> modules,
        IProgress<double>? progress,
        CancellationToken cancellationToken)
    {
        long total = checkpoint.TotalBytes, written = 0;
        return
        [
            .. checkpoint.Tensors.Values.Select(tensor => new TensorToWrite(
                tensor.StoredName, tensor.DType.AsSafetensorsType(), tensor.Shape, stream => WriteTensor(tensor, stream))),
        ];

        void WriteTensor(CheckpointTensor tensor, Stream stream)
        {
            cancellationToken.ThrowIfCancellationRequested();
            WeightData data = checkpoint.Weight(tensor.Name);
            if (modules.TryGetValue(tensor.Name, out AdaptedModule? module))
            {
                (WeightData a, WeightData b) = file.Weights(module);
                TensorToWrite.WriteFloats(stream, tensor.DType, Merge(data, a, b, module.Scale, cancellationToken));
            }
            else
            {
                TensorToWrite.WriteBytes(stream, data.Data, data.ByteLength);
            }

            written += data.ByteLength;
            progress?.Report((double)written / total);
        }
    }
}
