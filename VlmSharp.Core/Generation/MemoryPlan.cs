using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Models;
using VlmSharp.Quantization;

namespace VlmSharp.Generation;

/// <summary>
/// The memory that generating will need, known before it runs: of the host, or of a device, which holds the weights too. The model
/// goes through one prefill and one decode step on a backend that sets memory aside and computes nothing.
/// </summary>
/// <param name="PromptTokens">Tokens of each prompt, pictures included.</param>
/// <param name="NewTokens">New tokens of each request, at the most: as asked for, or what the context leaves.</param>
/// <param name="MappedBytes">Weights that are used as they are stored. They are mapped: the system keeps of them in memory what fits, and reads the rest again.</param>
/// <param name="KvCacheBytes">Keys and values of all requests; each beam of a search has its own.</param>
/// <param name="ActivationBytes">Matrices between the operators, and the image tokens that are kept for further questions. All of it stays, for reuse.</param>
/// <param name="PictureBytes">Pixels on the host while they are encoded.</param>
public sealed record MemoryPlan(int PromptTokens, int NewTokens, long MappedBytes, long KvCacheBytes, long ActivationBytes, long PictureBytes)
{
    /// <summary>Weights that are quantized while the model is loaded, and scales that are unpacked, into memory of their own.</summary>
    public long QuantizedBytes { get; init; }

    /// <summary>Matrices of adapters, which are mapped as the weights are.</summary>
    public long AdapterBytes { get; init; }

    /// <summary>All but what is mapped.</summary>
    public long PrivateBytes => QuantizedBytes + KvCacheBytes + ActivationBytes + PictureBytes;

    /// <summary>What the KV caches of one request take at the most.</summary>
    /// <param name="text">The decoder.</param>
    /// <param name="promptTokens">Tokens of the prompt, pictures included.</param>
    /// <param name="newTokens">New tokens, at the most.</param>
    /// <param name="beams">Beams of its search; 1 for none.</param>
    /// <param name="format">How the backend keeps keys and values: F32, or BF16 or F16.</param>
    /// <returns>Bytes.</returns>
    internal static long KvCacheSize(TextConfig text, int promptTokens, int newTokens, int beams, DType format = DType.F32)
    {
        int caches = newTokens > 1 ? beams : 1; // the other beams begin behind the first token
        return 2L * text.Layers * (promptTokens + newTokens - 1) * format.RowBytes(text.KvHeads * text.HeadDim) * caches;
    }

    /// <summary>Plans a run.</summary>
    /// <param name="directory">The model folder.</param>
    /// <param name="requests">Requests that generate together, at least 1.</param>
    /// <param name="pictures">Pictures of each, at least 1.</param>
    /// <param name="textTokens">Text tokens of each prompt, at least 1.</param>
    /// <param name="newTokens">New tokens of each, at least 1.</param>
    /// <param name="beams">Beams of each request's search; 1 for greedy generation or sampling.</param>
    /// <param name="quantization">Int8, Int4 or Nf4 where the decoder is quantized while it is loaded; null where it is not.</param>
    /// <param name="kvCacheFormat">How the backend keeps keys and values: F32, as those in host memory do, BF16 or F16.</param>
    /// <param name="adapters">Folders of the adapters that are loaded; the first one answers. Null for none.</param>
    /// <returns>The plan.</returns>
    /// <exception cref="ModelFormatException">The folder is not a usable PaliGemma checkpoint, or one of an adapter is none.</exception>
    /// <exception cref="RequestException">The prompt does not fit the model's context, there are too many beams, or the model is quantized already.</exception>
    public static MemoryPlan For(
        string directory, int requests, int pictures, int textTokens, int newTokens, int beams = 1, DType? quantization = null, DType kvCacheFormat = DType.F32,
        IReadOnlyList<string>? adapters = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(requests);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pictures);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(textTokens);
        using var backend = new DryRunBackend();
        using var model = VisionLanguageModel.Open(directory, backend);
        foreach (string folder in adapters ?? []) model.LoadAdapter($"adapter {model.Adapters.Count}", folder);
        TextConfig text = model.Config.Text;
        int side = model.Preprocessor.Config.Size;
        int patches = model.Config.Vision.Patches;
        int[] ids = new int[checked(pictures * patches + textTokens)];
        Array.Fill(ids, model.Config.ImageTokenId, 0, pictures * patches);
        int limit = new PreparedPrompt(ids, []).LimitNewTokens(newTokens, text);

        // One array stands for all pictures, under keys of their own: equal pictures would be encoded once.
        float[] pixels = new float[3 * side * side];
        var options = new GenerationOptions { MaxNewTokens = newTokens, Beams = beams, IgnoreEndOfSequence = true };
        using var session = new GenerationSession(model.Context, prepare: null, options);
        for (int i = 0; i < requests; i++) session.Add(Prompt(i), options, null, 0);
        while (!session.IsFinished && session.Timings.DecodedTokens == 0) session.Step();

        long kv = KvCacheSize(text, ids.Length, limit, beams, kvCacheFormat) * requests, picture = sizeof(float) * 3L * side * side;
        (long replaced, long made) = quantization is { } format ? QuantizationPlan.Bytes(model.Checkpoint, format) : default;
        return new MemoryPlan(ids.Length, limit, model.Checkpoint.TotalBytes - replaced, kv, backend.AllocatedBytes, 2 * picture * requests * pictures)
        {
            QuantizedBytes = made + model.Checkpoint.OwnBytes,
            AdapterBytes = model.Adapters.Sum(adapter => adapter.ByteLength),
        };

        PreparedPrompt Prompt(int index) => new(ids, [.. Enumerable.Repeat(pixels, pictures)])
        {
            Adapter = model.Adapters is [var first, ..] ? first : null,
            Keys = [.. Enumerable.Range(0, pictures).Select(i => new PictureKey(0, (UInt128)((long)index * pictures + i)))],
        };
    }
}
