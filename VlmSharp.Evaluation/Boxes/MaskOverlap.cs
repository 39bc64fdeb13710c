using VlmSharp.Tasks.Masks;

namespace VlmSharp.Evaluation.Boxes;

/// <summary>The overlap of masks.</summary>
internal static class MaskOverlap
{
    /// <summary>Pixels in both / pixels in either; 0 if both are empty. Runs are compared directly, without expanding the masks.</summary>
    public static double IntersectionOverUnion(RunLengthMask a, RunLengthMask b)
    {
        if (a.Width != b.Width || a.Height != b.Height)
            throw new ArgumentException(
                $"A mask of {a.Width} x {a.Height} pixels cannot be compared with one of {b.Width} x {b.Height}.",
                nameof(b));
        long shared = 0, at = 0, endA = 0, endB = 0, pixels = (long)a.Width * a.Height;
        int runA = -1, runB = -1; // odd runs are inside
        while (at < pixels)
        {
            while (endA <= at) endA += a.Counts[++runA];
            while (endB <= at) endB += b.Counts[++runB];
            long next = Math.Min(endA, endB);
            if (runA % 2 == 1 && runB % 2 == 1) shared += next - at;
            at = next;
        }

        long union = a.Area + b.Area - shared;
        return union == 0 ? 0 : (double)shared / union;
    }
}
