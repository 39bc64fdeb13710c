namespace VlmSharp.Generation;

/// <summary>A request in the model's own terms.</summary>
/// <param name="Ids">Token ids, image placeholders included.</param>
/// <param name="Pixels">Per picture [3 * S * S], planes R, G, B in -1..1.</param>
internal sealed record PreparedPrompt(int[] Ids, IReadOnlyList<float[]> Pixels);
