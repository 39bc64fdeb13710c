using VlmSharp.Compute;

namespace VlmSharp.Models;

/// <summary>
/// How to run the weights: in which format, and which runtime to follow where runtimes differ. The defaults run the model as it was
/// trained; the other settings trade precision for speed, or reproduce other runtimes' numbers.
/// </summary>
public sealed record ModelOptions
{
    /// <summary>The model's name in telemetry and in a server; null for the name of its folder.</summary>
    public string? Name { get; init; }

    /// <summary>
    /// Quantizes the decoder while it is loaded, to Int8, Int4 or Nf4; null takes every weight as it is stored. The embedding table, which
    /// is also the head, gets 8 bits with Int8 and Int4 and is not quantized with Nf4. For a large model this takes some seconds of the
    /// backend's threads, and memory for the result. <see cref="Quantization.ModelQuantizer"/> writes a quantized model, so that the work
    /// is done once.
    /// </summary>
    public DType? Quantization { get; init; }

    /// <summary>
    /// Whether to ignore tensors that the model does not have. False by default, because such a tensor usually means that config.json
    /// belongs to another model.
    /// </summary>
    public bool IgnoreUnexpectedTensors { get; init; }

    /// <summary>
    /// Rotary position of a sequence's first token: 1 as in transformers, 0 as in big_vision. The embedding is relative,
    /// so this changes rounding only.
    /// </summary>
    public int PositionBase { get; init; } = 1;

    /// <summary>
    /// Whether Gemma 2's attention soft-cap is applied. True is the trained model and transformers' eager attention;
    /// false is transformers' default (SDPA) attention, which drops it.
    /// </summary>
    public bool AttentionSoftCap { get; init; } = true;

    /// <summary>
    /// Whether Gemma 2's soft-cap on the logits is applied. It never changes the greedy token in exact arithmetic, but it
    /// changes probabilities. False as in transformers 4.52 and later; true as in earlier ones.
    /// </summary>
    public bool FinalSoftCap { get; init; }

    /// <summary>
    /// Whether Gemma 2's sliding window is applied on every other layer, as transformers does. False as in the original
    /// training code, which attends to everything. It matters from 4,096 tokens on: at 896 px.
    /// </summary>
    public bool SlidingWindow { get; init; }
}
