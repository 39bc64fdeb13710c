using VlmSharp.Compute;

namespace VlmSharp.Adapters;

/// <summary>The two thin matrices of one linear layer on a backend: what is added is scale * B (A x).</summary>
/// <param name="A">[rank, in].</param>
/// <param name="B">[out, rank].</param>
/// <param name="Scale">The factor.</param>
/// <param name="Number">Which of its adapter's layers this is: it names the layer's dropout masks.</param>
internal sealed record LowRank(Weight A, Weight B, float Scale, int Number);
