namespace VlmSharp.Evaluation.Boxes;

/// <summary>
/// Assigns each detection of a picture and category to at most one thing, as <c>evaluateImg</c> of pycocotools does. In the order of their
/// scores, detections take the free thing with the largest IoU, if it reaches the threshold. Things that do not count (crowds, other sizes)
/// are taken only if no thing that counts is available, and a crowd may be taken many times.
/// </summary>
internal static class DetectionMatcher
{
    private const int None = -1;

    /// <summary>Compares detections with the ground truth.</summary>
    /// <param name="image">The picture's id.</param>
    /// <param name="category">The category's id.</param>
    /// <param name="truth">Its things, including crowds.</param>
    /// <param name="found">The detections in any order; among equal scores, the earlier one comes first.</param>
    /// <returns>The outcome of each detection.</returns>
    public static DetectionRecord Match(string image, string category, IReadOnlyList<TrueBox> truth, IReadOnlyList<ScoredBox> found)
    {
        ScoredBox[] surest = [.. found.OrderByDescending(box => box.Score).Take(CocoParameters.MostDetections)]; // a stable sort
        double[,] overlaps = Overlaps(surest, truth); // [detections, things]
        var outcomes = new Outcome[surest.Length, CocoParameters.AreaRanges];
        var things = new int[CocoParameters.AreaRanges];
        for (int range = 0; range < CocoParameters.AreaRanges; range++)
        {
            bool[] ignored = [.. truth.Select(thing => thing.IsCrowd || !CocoParameters.Contains((AreaRange)range, thing.Area))];
            int[] order = [.. Enumerable.Range(0, truth.Count).OrderBy(i => ignored[i])]; // those that count first
            things[range] = ignored.Count(isIgnored => !isIgnored);
            for (int t = 0; t < CocoParameters.Thresholds.Length; t++)
            {
                int[] taken = Assign(overlaps, truth, order, ignored, CocoParameters.Thresholds[t]);
                for (int d = 0; d < taken.Length; d++)
                {
                    bool matched = taken[d] != None;
                    bool ignore = matched ? ignored[taken[d]] : !CocoParameters.Contains((AreaRange)range, surest[d].Box.Area);
                    Outcome before = outcomes[d, range];
                    outcomes[d, range] = new Outcome(With(before.Matched, t, matched), With(before.Ignored, t, ignore));
                }
            }
        }

        return new DetectionRecord(
            image, category, things, [.. surest.Select((box, d) => new JudgedBox(box.Score, Largest(overlaps, d), Row(outcomes, d)))]);
    }

    /// <summary>The thing that each detection takes at a threshold, or none.</summary>
    private static int[] Assign(double[,] overlaps, IReadOnlyList<TrueBox> truth, int[] order, bool[] ignored, double threshold)
    {
        var isTaken = new bool[truth.Count];
        var taken = new int[overlaps.GetLength(0)];
        for (int d = 0; d < taken.Length; d++)
        {
            int best = None;
            double least = threshold;
            foreach (int thing in order)
            {
                if (isTaken[thing] && !truth[thing].IsCrowd) continue;
                if (best != None && !ignored[best] && ignored[thing]) break; // it has one that counts
                if (overlaps[d, thing] < least) continue;
                (best, least) = (thing, overlaps[d, thing]);
            }

            taken[d] = best;
            if (best != None) isTaken[best] = true;
        }

        return taken;
    }

    private static double[,] Overlaps(ScoredBox[] found, IReadOnlyList<TrueBox> truth)
    {
        var overlaps = new double[found.Length, truth.Count];
        for (int d = 0; d < found.Length; d++)
            for (int i = 0; i < truth.Count; i++)
                overlaps[d, i] = truth[i].IsCrowd
                    ? found[d].Box.ShareInside(truth[i].Box)
                    : found[d].Box.IntersectionOverUnion(truth[i].Box);
        return overlaps;
    }

    private static double Largest(double[,] overlaps, int detection)
    {
        double largest = 0;
        for (int i = 0; i < overlaps.GetLength(1); i++) largest = Math.Max(largest, overlaps[detection, i]);
        return largest;
    }

    private static Outcome[] Row(Outcome[,] outcomes, int detection) =>
        [.. Enumerable.Range(0, CocoParameters.AreaRanges).Select(range => outcomes[detection, range])];

    private static ushort With(ushort bits, int bit, bool value) => (ushort)(value ? bits | 1 << bit : bits);
}
