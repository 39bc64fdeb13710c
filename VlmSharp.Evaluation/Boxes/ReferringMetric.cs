using VlmSharp.Imaging;
using VlmSharp.Tasks.Masks;

namespace VlmSharp.Evaluation.Boxes;

/// <summary>The figures of referring expressions, such as RefCOCO, each 0 to 1; 0 if there are no expressions.</summary>
/// <param name="Count">How many expressions were measured.</param>
/// <param name="Invalid">Answers without a valid box, or without a mask if masks are measured; their IoU is 0.</param>
/// <param name="MeanIou">
/// Mean IoU of the masks, the figure that the PaliGemma papers publish; null if masks are not measured. It is not an accuracy: the earlier
/// RefCOCO literature publishes <paramref name="BoxAccuracy50"/>.
/// </param>
/// <param name="BoxAccuracy50">Share of answers whose box has IoU 0.5 or more with the true one.</param>
/// <param name="BoxAccuracy75">The same at IoU 0.75.</param>
public sealed record ReferringScores(int Count, int Invalid, double? MeanIou, double BoxAccuracy50, double BoxAccuracy75);

/// <summary>
/// Referring expressions as big_vision's evaluator measures them (Beyer et al. 2024, RefCOCO): each expression means one thing, and the
/// model answers with its box and mask. Only sums are kept, so parts are merged by adding.
/// </summary>
/// <param name="decoder">Turns codes into masks; null to measure only boxes.</param>
public sealed class ReferringMetric(MaskDecoder? decoder = null)
{
    private int count, invalid, right50, right75;
    private double overlapSum;

    /// <summary>Adds an expression and compares only its boxes.</summary>
    /// <param name="answer">The model's output, with its location tokens.</param>
    /// <param name="truth">The true box, in pixels.</param>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Rows of the picture.</param>
    /// <returns>IoU of the boxes; null if the answer is invalid.</returns>
    /// <exception cref="InvalidOperationException">The metric measures masks.</exception>
    public double? Add(string answer, CocoBox truth, double width, double height)
    {
        ArgumentNullException.ThrowIfNull(answer);
        if (decoder is not null) throw new InvalidOperationException("The metric measures masks: add the true mask too.");
        return AddBox(ReferringAnswer.Read(answer, mask: false), truth, width, height);
    }

    /// <summary>Adds an expression and compares its boxes and masks.</summary>
    /// <param name="answer">The model's output, with its location and segmentation tokens.</param>
    /// <param name="truth">The true box, in pixels.</param>
    /// <param name="mask">The true mask, of the picture's size.</param>
    /// <returns>IoU of the boxes and of the masks; null if the answer is invalid.</returns>
    /// <exception cref="InvalidOperationException">The metric has no mask decoder.</exception>
    public (double Box, double Mask)? Add(string answer, CocoBox truth, RunLengthMask mask)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(mask);
        if (decoder is null) throw new InvalidOperationException("The metric has no decoder of masks: give it one.");
        ReferringAnswer? read = ReferringAnswer.Read(answer, mask: true);
        if (AddBox(read, truth, mask.Width, mask.Height) is not { } box) return null;
        double overlap = MaskOverlap.IntersectionOverUnion(Mask(read!, decoder, mask.Width, mask.Height), mask);
        overlapSum += overlap;
        return (box, overlap);
    }

    /// <summary>Adds the expressions of another part.</summary>
    /// <param name="other">The other part; it is not changed.</param>
    public void Merge(ReferringMetric other)
    {
        ArgumentNullException.ThrowIfNull(other);
        (count, invalid) = (count + other.count, invalid + other.invalid);
        (right50, right75) = (right50 + other.right50, right75 + other.right75);
        overlapSum += other.overlapSum;
    }

    /// <summary>The shares of right boxes, 0 to 1, and the mean overlap.</summary>
    /// <returns>The figures of all expressions that were added.</returns>
    public ReferringScores Scores()
    {
        double n = Math.Max(count, 1);
        return new ReferringScores(count, invalid, decoder is null ? null : overlapSum / n, right50 / n, right75 / n);
    }

    private double? AddBox(ReferringAnswer? answer, CocoBox truth, double width, double height)
    {
        count++;
        if (answer is null)
        {
            invalid++;
            return null;
        }

        double overlap = answer.Box(width, height).IntersectionOverUnion(truth);
        if (overlap >= 0.5) right50++;
        if (overlap >= 0.75) right75++;
        return overlap;
    }

    /// <summary>
    /// The decoded 64 x 64 numbers, resized bilinearly to the box in pixels; values above 0 belong to the thing. The box's edges are
    /// truncated to whole pixels.
    /// </summary>
    private static RunLengthMask Mask(ReferringAnswer answer, MaskDecoder decoder, int width, int height)
    {
        CocoBox box = answer.Box(width, height);
        var pixels = new Box((int)box.Left, (int)box.Top, (int)(box.Left + box.Width), (int)(box.Top + box.Height));
        if (pixels.Area == 0) return new RunLengthMask(width, height, [width * height]); // narrower than a pixel
        return new SegmentationMask(decoder.Decode(answer.Codes), pixels, width, height).ToRunLength();
    }
}
