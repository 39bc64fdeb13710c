using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Models;
using VlmSharp.Quantization;

namespace VlmSharp.Generation;

/// <summary>
/// The memory that generation will need, computed before it runs: on the host, or on a device, which holds the weights too. The model goes
/// through one prefill and one decode step on a backend that reserves memory and computes nothing.
/// </summary>
/// <param name="PromptTokens">Number of tokens in each prompt, pictures included.</param>
/// <param name="NewTokens">The most new tokens of each request: as many as asked for, or what the context leaves.</param>
/// <param name="MappedBytes">
/// Weights that are used as they are stored. They are mapped: the system keeps as much of them in memory as fits and reads the rest again.
/// </param>
/// <param name="KvCacheBytes">Keys and values of all requests; each beam of a search has its own.</param>
/// <param name="ActivationBytes">
/// Matrices between the operators, and the image tokens that are kept for further questions. All of this memory is kept for reuse.
/// </param>
/// <param name="PictureBytes">Pixels on the host while they are encoded.</param>
public sealed record MemoryPlan(
    int PromptTokens, int NewTokens, long MappedBytes, long KvCacheBytes, long ActivationBytes, long PictureBytes)
{
    /// <summary>Memory for weights that are quantized while the model is loaded, and for scales that are unpacked.</summary>
    public long QuantizedBytes { get; init; }

    /// <summary>Matrices of adapters, which are mapped like the weights.</summary>
    public long AdapterBytes { get; init; }

    /// <summary>Everything except what is mapped.</summary>
    public long PrivateBytes => QuantizedBytes + KvCacheBytes + ActivationBytes + PictureBytes;

    /// <summary>The most bytes that the KV caches of one request can take.</summary>
    /// <param name="text">Gives the layers and the width of keys and values.</param>
    /// <param name="promptTokens">Number of tokens in the prompt, pictures included.</param>
    /// <param name="newTokens">The most new tokens.</param>
    /// <param name="beams">Beams of its search; 1 for none.</param>
    /// <param name="format">How the backend keeps keys and values: F32, BF16 or F16.</param>
    /// <returns>Number of bytes.</returns>
    internal static long KvCacheSize(TextConfig text, int promptTokens, int newTokens, int beams, DType format = DType.F32)
    {
        int caches = newTokens > 1 ? beams : 1; // the other beams begin after the first token
        return 2L * text.Layers * (promptTokens + newTokens - 1) * format.RowBytes(text.KvHeads * text.HeadDim) * caches;
    }

    /// <summary>Plans a run.</summary>
    /// <param name="directory">The model folder.</param>
    /// <param name="requests">Number of requests that generate together, at least 1.</param>
    /// <param name="pictures">Number of pictures of each request, at least 1.</param>
    /// <param name="textTokens">Number of text tokens in each prompt, at least 1.</param>
    /// <param name="newTokens">Number of new tokens of each request, at least 1.</param>
    /// <param name="beams">Beams of each request's search; 1 for greedy generation or sampling.</param>
    /// <param name="quantization">Int8, Int4 or Nf4 if the decoder is quantized while it is loaded; otherwise null.</param>
    /// <param name="kvCacheFormat">How the backend keeps keys and values: F32, as backends in host memory do, BF16 or F16.</param>
    /// <param name="adapters">Folders of the adapters that are loaded; the first one answers. Null for none.</param>
    /// <param name="ignoreUnexpected">Whether to leave out tensors that the model does not have; else they are an error.</param>
    /// <returns>The plan.</returns>
    /// <exception cref="ModelFormatException">The folder is not a usable PaliGemma checkpoint, or an adapter's folder is not
    /// usable.</exception>
    /// <exception cref="RequestException">
    /// The prompt does not fit the model's context, there are too many beams, or the model is quantized already.
    /// </exception>
    public static MemoryPlan For(
        string directory,
        int requests,
        int pictures,
        int textTokens,
        int newTokens,
        int beams = 1,
        DType? quantization = null,
        DType kvCacheFormat = DType.F32,
        IReadOnlyList<string>? adapters = null,
        bool ignoreUnexpected = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(requests);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pictures);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(textTokens);
        using var backend = new DryRunBackend();
        using var model = VisionLanguageModel.Open(directory, backend, new ModelOptions { IgnoreUnexpectedTensors = ignoreUnexpected });
        foreach (string folder in adapters ?? []) model.LoadAdapter($"adapter {model.Adapters.Count}", folder);
        TextConfig text = model.Config.Text;
        int side = model.Preprocessor.Config.Size;
        int patches = model.Config.Vision.Patches;
        int[] ids = new int[checked(pictures * patches + textTokens)];
        Array.Fill(ids, model.Config.ImageTokenId, 0, pictures * patches);
        int limit = new PreparedPrompt(ids, []).LimitNewTokens(newTokens, text);

        // One array stands for all pictures, with a different key for each, because equal pictures would be encoded once.
        float[] pixels = new float[3 * side * side];
        var options = new GenerationOptions { MaxNewTokens = newTokens, Beams = beams, IgnoreEndOfSequence = true };
        using var session = new GenerationSession(model.Context, prepare: null, options);
        for (int i = 0; i < requests; i++) session.Add(Prompt(i), options, null, 0);
        while (!session.IsFinished && session.Timings.DecodedTokens == 0) session.Step();

        long kv = KvCacheSize(text, ids.Length, limit, beams, kvCacheFormat) * requests, picture = sizeof(float) * 3L * side * side;
        (long replaced, long made) = quantization is { } format ? QuantizationPlan.Bytes(model.Checkpoint, format) : default;
        return new MemoryPlan(
            ids.Length, limit, model.Checkpoint.TotalBytes - replaced, kv, backend.AllocatedBytes, 2 * picture * requests * pictures)
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
