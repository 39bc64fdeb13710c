using VlmSharp.Compute;
using VlmSharp.Cpu;
using VlmSharp.Generation;

namespace VlmSharp.Extensions.AI;

/// <summary>Which model to open, and how. A configuration section can be bound to it.</summary>
public sealed record VlmSharpOptions
{
    /// <summary>The model folder from the Hugging Face hub. Required.</summary>
    public string ModelDirectory { get; set; } = "";

    /// <summary>
    /// Quantizes the decoder while the model is opened, as <see cref="Models.ModelOptions.Quantization"/>: Int8, Int4 or Nf4 (case does not
    /// matter in a configuration), or null to use every weight as it is stored.
    /// </summary>
    public DType? Quantization { get; set; }

    /// <summary>CPU threads; null for one per processor that the process may use.</summary>
    public int? Threads { get; set; }

    /// <summary>Vector registers of the CPU to use.</summary>
    public SimdTier Simd { get; set; }

    /// <summary>The most new tokens of an answer if a chat's options do not set it.</summary>
    public int MaxOutputTokens { get; set; } = new GenerationOptions().MaxNewTokens;

    /// <summary>
    /// Memory for the image tokens of recent pictures, in bytes: further questions about them skip the encoder. 0 keeps none.
    /// </summary>
    public long ImageCacheBytes { get; set; } = ImageFeatureCache.DefaultMaxBytes;

    /// <summary>
    /// Memory for the KV caches of requests that are answered together, in bytes, as <see cref="GenerationEngine.MaxKvCacheBytes"/>:
    /// further requests wait. Null for half of the memory that the weights leave.
    /// </summary>
    public long? MaxKvCacheBytes { get; set; }

    /// <summary>The largest picture accepted, in pixels.</summary>
    public long MaxPicturePixels { get; set; } = Imaging.ImageOptions.Default.MaxPixels;

    /// <summary>PaliGemma 2: whether the attention soft-cap is applied, as <see cref="Models.ModelOptions.AttentionSoftCap"/>.</summary>
    public bool AttentionSoftCap { get; set; } = true;

    /// <summary>PaliGemma 2: whether the logits are soft-capped, as <see cref="Models.ModelOptions.FinalSoftCap"/>.</summary>
    public bool FinalSoftCap { get; set; }

    /// <summary>PaliGemma 2: whether the sliding window is honored, as <see cref="Models.ModelOptions.SlidingWindow"/>.</summary>
    public bool SlidingWindow { get; set; }
}
