using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Tasks.Masks;

namespace VlmSharp.Tasks;

/// <summary>What a model answered to a <see cref="VisionTask"/>.</summary>
/// <param name="Task">What was asked.</param>
/// <param name="Generation">The answer in tokens, and how it ended.</param>
/// <param name="Width">Columns of the picture, upright.</param>
/// <param name="Height">Rows of the picture, upright.</param>
/// <param name="Detections">The things found, in the model's order; none for caption and ask. The same thing may come twice.</param>
public sealed record TaskResult(VisionTask Task, GenerationResult Generation, int Width, int Height, IReadOnlyList<Detection> Detections)
{
    /// <summary>The answer as text; of boxes with their tokens spelled out.</summary>
    public string Text => Generation.Text ?? "";
}

/// <summary>A thing that a model found.</summary>
/// <param name="Box">Where, in pixels of the picture as it was given, upright.</param>
/// <param name="Label">What; empty where the model gave no label.</param>
/// <param name="Score">
/// How sure the model was, 0 to 1: the probability that every edge lies within a third of the box's side of where it was said, times that of
/// the label among everything that the model could have said, also where a constraint left it no choice. A right box is near 1, and 0.5 is
/// a threshold to begin with; docs/evaluation.md has the study behind it. Read from an answer to a request that no <see cref="TaskRunner"/>
/// made or saw (<see cref="TaskRunner.ForBoxes"/>), it is far below: only the probability of the places themselves is known there.
/// </param>
/// <param name="MaskCodes">The sixteen codes of its mask, 0 to 127; null where the model gave none, or another number of them.</param>
/// <param name="Mask">Its mask; null without codes or without a <see cref="MaskDecoder"/>.</param>
public sealed record Detection(Box Box, string Label, float Score, IReadOnlyList<int>? MaskCodes = null, SegmentationMask? Mask = null);
