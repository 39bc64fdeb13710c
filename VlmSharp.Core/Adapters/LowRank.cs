using VlmSharp.Compute;

namespace VlmSharp.Adapters;

/// <summary>The two low-rank matrices of one linear layer on a backend. They add scale * B (A x) to its output.</summary>
/// <param name="A">[rank, in].</param>
/// <param name="B">[out, rank].</param>
/// <param name="Scale">The factor of B (A x): alpha / rank, or with rsLoRA alpha / sqrt(rank).</param>
/// <param name="Number">The index of the layer in its adapter; selects the layer's dropout masks.</param>
internal sealed record LowRank(Weight A, Weight B, float Scale, int Number);
