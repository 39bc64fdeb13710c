using System.Globalization;
using VlmSharp.Adapters;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Models;
using VlmSharp.Quantization;

namespace VlmSharp.Generation;

/// <summary>
/// Checks whether a model and one request fit in a device's memory. The check comes before the first byte is copied, because a copy takes
/// seconds.
/// </summary>
internal static class DeviceRoom
{
    private const int TextTokens = 64, NewTokens = 64; // a small request

    /// <summary>Refuses a model that does not fit, and names a setting with which it would.</summary>
    /// <param name="checkpoint">The model that will be loaded; only its sizes are read.</param>
    /// <param name="backend">Says how many bytes are free.</param>
    /// <param name="quantization">Int8, Int4 or Nf4 for the decoder, or null.</param>
    /// <returns>The bytes that it needs.</returns>
    /// <exception cref="DeviceMemoryException">It does not fit.</exception>
    public static long Require(Checkpoint checkpoint, IComputeBackend backend, DType? quantization)
    {
        long room = backend.MemoryBytes, needed = Needed(checkpoint, backend.KvCacheFormat, quantization);
        if (needed <= room) return needed;
        throw new DeviceMemoryException(
            $"{checkpoint.Directory} takes {Size(needed)} with one small request, and {backend.Description} has {Size(room)} free: "
            + $"{Remedy(checkpoint, backend, quantization, room)}.");
    }

    /// <summary>Refuses an adapter that does not fit beside its model.</summary>
    /// <param name="adapter">The open adapter that will be loaded.</param>
    /// <param name="backend">Says how many bytes model, adapters and caches may take together.</param>
    /// <param name="held">Bytes that the model and the adapters loaded so far need.</param>
    /// <exception cref="DeviceMemoryException">It does not fit.</exception>
    public static void Require(AdapterFile adapter, IComputeBackend backend, long held)
    {
        long room = backend.MemoryBytes, needed = held + adapter.ByteLength;
        if (needed <= room) return;
        throw new DeviceMemoryException(
            $"With the adapter in {adapter.Directory} the model takes {Size(needed)}, and {backend.Description} has {Size(room)} free: "
            + "load fewer adapters, quantize the model (--quantize int8), or take a larger device or the CPU backend.");
    }

    private static string Remedy(Checkpoint checkpoint, IComputeBackend backend, DType? quantization, long room)
    {
        if (quantization is null && !checkpoint.Tensors.Values.Any(t => t.DType.IsQuantized()))
        {
            foreach (DType format in new[] { DType.Int8, DType.Int4 })
            {
                long needed = Needed(checkpoint, backend.KvCacheFormat, format);
                if (needed <= room)
                    return $"quantized to {format} (--quantize {format.ToString().ToLowerInvariant()}) it takes {Size(needed)}";
            }
        }

        return "no setting makes it fit, so take a smaller model, a larger device, or the CPU backend";
    }

    /// <summary>Bytes for the parameters, the cache of a request with one picture, and the widest matrices of its prefill.</summary>
    private static long Needed(Checkpoint checkpoint, DType cache, DType? quantization)
    {
        PaliGemmaConfig config = checkpoint.Config;
        TextConfig text = config.Text;
        (long replaced, long made) = quantization is { } format ? QuantizationPlan.Bytes(checkpoint, format) : default;
        int prompt = config.Vision.Patches + TextTokens;
        long activations = sizeof(float) * (prompt * (4L * text.HiddenSize + 2L * text.IntermediateSize) + text.VocabSize);
        return checkpoint.TotalBytes - ExactInBFloat16(checkpoint, quantization) - replaced + made
            + MemoryPlan.KvCacheSize(text, prompt, NewTokens, 1, cache) + activations;
    }

    /// <summary>
    /// The bytes that f32 parameters save on a device that stores them as bf16 if that is exact. It usually is, but this is known only once
    /// they are copied.
    /// </summary>
    private static long ExactInBFloat16(Checkpoint checkpoint, DType? quantization) => checkpoint.Tensors.Keys
        .Select(checkpoint.Weight)
        .Where(data => data.DType == DType.F32
            && (quantization is not { } format || QuantizationPlan.FormatOf(data.Name, data.Rows, data.Columns, format) is null))
        .Sum(data => data.ByteLength - DType.BF16.ByteLength(data.Rows, data.Columns));

    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB");
}
