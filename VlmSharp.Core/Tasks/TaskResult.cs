using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Tasks.Masks;

namespace VlmSharp.Tasks;

/// <summary>A model's answer to a <see cref="VisionTask"/>.</summary>
/// <param name="Task">What was asked.</param>
/// <param name="Generation">The answer in tokens, and how it ended.</param>
/// <param name="Width">Columns of the upright picture.</param>
/// <param name="Height">Rows of the upright picture.</param>
/// <param name="Detections">The detected things, in the model's order; none for caption and ask. The same thing may occur twice.</param>
public sealed record TaskResult(VisionTask Task, GenerationResult Generation, int Width, int Height, IReadOnlyList<Detection> Detections)
{
    /// <summary>The answer as text. Boxes appear as the text of their tokens.</summary>
    public string Text => Generation.Text ?? "";
}

/// <summary>A thing that a model found.</summary>
/// <param name="Box">Its box, in pixels of the upright original picture.</param>
/// <param name="Label">Its name; empty if the model gave no label.</param>
/// <param name="Score">
/// The model's confidence, 0 to 1: the probability that every edge is within a third of the box's side from its stated location, times the
/// probability of the label among everything that the model could have produced, even if a constraint left it no choice. A correct box has
/// a score near 1, and 0.5 is a good first threshold; docs/evaluation.md has the study behind it. If no <see cref="TaskRunner"/> made or
/// prepared the request (<see cref="TaskRunner.ForBoxes"/>), the score is far lower, because only the probabilities of the stated locations
/// are known.
/// </param>
/// <param name="MaskCodes">The sixteen codes of its mask, 0 to 127; null if the model did not give exactly sixteen.</param>
/// <param name="Mask">Its mask; null without codes or without a <see cref="MaskDecoder"/>.</param>
public sealed record Detection(Box Box, string Label, float Score, IReadOnlyList<int>? MaskCodes = null, SegmentationMask? Mask = null);
