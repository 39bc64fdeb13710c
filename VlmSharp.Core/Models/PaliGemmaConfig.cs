using System.Collections.Immutable;

namespace VlmSharp.Models;

/// <summary>The SigLIP vision tower: a ViT without class token and without pooling head.</summary>
/// <param name="HiddenSize">Width of a patch vector.</param>
/// <param name="IntermediateSize">Width inside the MLP.</param>
/// <param name="Layers">Encoder layers.</param>
/// <param name="Heads">Attention heads; they divide <paramref name="HiddenSize"/>.</param>
/// <param name="PatchSize">Side of a square patch in pixels.</param>
/// <param name="ImageSize">Side of the square picture in pixels, a multiple of <paramref name="PatchSize"/>.</param>
/// <param name="LayerNormEpsilon">Added to the variance in every LayerNorm of the tower.</param>
public sealed record VisionConfig(
    int HiddenSize,
    int IntermediateSize,
    int Layers,
    int Heads,
    int PatchSize,
    int ImageSize,
    float LayerNormEpsilon)
{
    /// <summary>Width of one attention head.</summary>
    public int HeadDim => HiddenSize / Heads;

    /// <summary>Patches along one side of the picture.</summary>
    public int PatchesPerSide => ImageSize / PatchSize;

    /// <summary>Patches of one picture, which is also the number of image tokens.</summary>
    public int Patches => PatchesPerSide * PatchesPerSide;

    /// <summary>The factor of a product of query and key: <c>HeadDim^-1/2</c>.</summary>
    public float AttentionScale => (float)(1.0 / Math.Sqrt(HeadDim));
}

/// <summary>
/// The Gemma decoder. What differs between Gemma 1 and Gemma 2 is stated as numbers and flags, so that one
/// implementation of the layer serves both.
/// </summary>
/// <param name="ModelType">The name in config.json: <c>gemma</c> or <c>gemma2</c>; for messages only.</param>
/// <param name="HiddenSize">Width of the residual stream, h.</param>
/// <param name="IntermediateSize">Width inside the gated MLP.</param>
/// <param name="Layers">Decoder layers.</param>
/// <param name="Heads">Query heads, a multiple of <paramref name="KvHeads"/>.</param>
/// <param name="KvHeads">Key and value heads.</param>
/// <param name="HeadDim">Width of one head, even; <c>Heads x HeadDim</c> need not be h.</param>
/// <param name="VocabSize">Rows of the embedding table, padding rows included.</param>
/// <param name="RmsNormEpsilon">Added to the mean square in every RMSNorm.</param>
/// <param name="RopeBase">Base of the rotary frequencies.</param>
/// <param name="MaxPositions">Positions that the decoder was made for, image tokens included.</param>
/// <param name="QueryScale">The factor of a product of query and key.</param>
/// <param name="AttentionSoftCap">Soft cap of the attention scores; 0 for none.</param>
/// <param name="FinalSoftCap">Soft cap of the logits; 0 for none.</param>
/// <param name="SlidingWindow">Keys that a sliding layer sees, the query's own among them; 0 for no window.</param>
/// <param name="SlidingLayers">For each layer, whether the window applies to it.</param>
/// <param name="HasPostNorms">Whether attention and MLP outputs are normalized before they are added (four norms per layer).</param>
public sealed record TextConfig(
    string ModelType,
    int HiddenSize,
    int IntermediateSize,
    int Layers,
    int Heads,
    int KvHeads,
    int HeadDim,
    int VocabSize,
    float RmsNormEpsilon,
    float RopeBase,
    int MaxPositions,
    float QueryScale,
    float AttentionSoftCap,
    float FinalSoftCap,
    int SlidingWindow,
    ImmutableArray<bool> SlidingLayers,
    bool HasPostNorms);

/// <summary>A PaliGemma model as its config.json and generation_config.json describe it, with every default filled in.</summary>
/// <param name="Vision">The SigLIP encoder: picture, patches and layers.</param>
/// <param name="Text">The Gemma decoder, whose width the projector's output has.</param>
/// <param name="ImageTokenId">The placeholder that each image row takes in the token sequence.</param>
/// <param name="BosTokenId">The token that starts a text.</param>
/// <param name="EosTokenIds">The tokens that end an answer, at least one.</param>
/// <param name="PadTokenId">The token that fills a batch.</param>
/// <param name="StoredDType">The weights' format according to config.json, such as <c>bfloat16</c>; the files decide.</param>
public sealed record PaliGemmaConfig(
    VisionConfig Vision,
    TextConfig Text,
    int ImageTokenId,
    int BosTokenId,
    ImmutableArray<int> EosTokenIds,
    int PadTokenId,
    string StoredDType)
{
    /// <summary>The factor of text rows of the embedding table: <c>sqrt(h)</c>. Image rows are not scaled.</summary>
    public float EmbeddingScale => (float)Math.Sqrt(Text.HiddenSize);

    /// <summary>Whether the embedding table is also the output head, so that no head needs to be stored.</summary>
    public bool TiesHead { get; init; } = true;
}
