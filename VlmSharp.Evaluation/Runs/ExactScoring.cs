using VlmSharp.Evaluation.Answers;
using VlmSharp.Evaluation.Boxes;
using VlmSharp.Evaluation.Statistics;

namespace VlmSharp.Evaluation.Runs;

/// <summary>
/// Scores data of any task. A text is correct if it equals one of the references exactly. Boxes get average precision, separately for each
/// picture and label.
/// </summary>
internal static class ExactScoring
{
    /// <summary>Scores items; items with things are scored as boxes.</summary>
    public static RunScores Score(IReadOnlyList<AnsweredItem> items)
    {
        ItemScore[] scores = [.. items.Select(i => i.Item.Truth is null ? ItemOf(i) : BoxScoring.ItemOf(i))];
        AnsweredItem[] boxes = [.. items.Where(i => i.Item.Truth is not null)];
        int[] place = new int[items.Count]; // the item's index among those with boxes, or -1
        for (int i = 0, next = 0; i < place.Length; i++) place[i] = items[i].Item.Truth is null ? -1 : next++;
        bool hasTexts = boxes.Length < items.Count;
        RunScores? found = boxes.Length == 0
            ? null
            : BoxScoring.Score([.. boxes.Select((b, i) => b with { Item = b.Item with { ImageId = $"{i}" } })]);
        var byTask = new GroupedMeans();
        foreach ((AnsweredItem i, ItemScore s) in items.Zip(scores))
            byTask.Add(i.Item.Truth is null ? i.Item.QuestionType : $"{i.Item.QuestionType}, mean IoU of things", s.Main);
        return new RunScores
        {
            Names =
            [
                .. hasTexts ? [("exact_match", "exact match", true)] : Array.Empty<(string, string, bool)>(),
                .. found is null ? [] : found.Names,
                .. found is null ? Array.Empty<(string, string, bool)>() : [("mean_iou", "mean IoU of things", false)],
            ],
            Units = [.. items.Select(i => i.Item.Id)],
            Of = chosen =>
            {
                int[] texts = [.. chosen.Where(i => place[i] < 0)], pictures = [.. chosen.Where(i => place[i] >= 0)];
                return
                [
                    .. hasTexts ? [texts.Length == 0 ? 0 : 100 * texts.Average(i => scores[i].Main)] : Array.Empty<double>(),
                    .. found is null ? [] : found.Of([.. pictures.Select(i => place[i])]),
                    .. found is null ? Array.Empty<double>() : [pictures.Length == 0 ? 0 : pictures.Average(i => scores[i].Main)],
                ];
            },
            Items = scores,
            Groups = [.. RunScoring.Groups("task", byTask)],
        };
    }

    private static ItemScore ItemOf(AnsweredItem answered)
    {
        double right = ExactMatch.Score(answered.Answer.Text, answered.Item.References);
        return new ItemScore(right, answered.Answer.Text, [("exact_match", right)]);
    }
}
