using VlmSharp.Evaluation.Boxes;

namespace VlmSharp.Evaluation.Runs;

/// <summary>Scores expressions that mean one thing each, by the overlap of the answered box with the true one.</summary>
internal static class ReferringScoring
{
    /// <summary>Scores items; the first of an item's things is the one that is meant.</summary>
    public static RunScores Score(IReadOnlyList<AnsweredItem> items)
    {
        double?[] overlaps = [.. items.Select(OverlapOf)];
        return new RunScores
        {
            Names =
            [
                ("box_accuracy_50", "boxes with IoU 0.50", true), ("box_accuracy_75", "boxes with IoU 0.75", true),
                ("box_mean_iou", "mean IoU of boxes", true), ("invalid", "answers that are no box", true),
            ],
            Units = [.. items.Select(i => i.Item.Id)],
            Of = chosen =>
            [
                Share(chosen, o => o >= 0.5 ? 1 : 0), Share(chosen, o => o >= 0.75 ? 1 : 0),
                Share(chosen, o => o ?? 0), Share(chosen, o => o is null ? 1 : 0),
            ],
            Items = [.. items.Zip(overlaps, (i, o) =>
                new ItemScore(o ?? 0, i.Answer.Text, [("iou", o ?? 0), ("valid", o is null ? 0 : 1)]))],
        };

        double Share(IReadOnlyList<int> chosen, Func<double?, double> of) => 100 * chosen.Sum(i => of(overlaps[i])) / chosen.Count;
    }

    private static double? OverlapOf(AnsweredItem answered)
    {
        ItemAnswer answer = answered.Answer;
        if (answer.Size.Width == 0 || ReferringAnswer.Read(answer.Text, mask: false) is not { } box) return null;
        return box.Box(answer.Size.Width, answer.Size.Height).IntersectionOverUnion(answered.Item.Truth![0].Truth.Box);
    }
}
