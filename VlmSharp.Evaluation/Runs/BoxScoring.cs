using VlmSharp.Evaluation.Boxes;

namespace VlmSharp.Evaluation.Runs;

/// <summary>Scores boxes of many things by COCO's average precision. Bootstrap samples consist of whole pictures.</summary>
internal static class BoxScoring
{
    private static readonly (string Key, string Title, bool IsPercent)[] Names =
        [("ap", "AP", false), ("ap_50", "AP 0.50", false), ("ap_75", "AP 0.75", false), ("ar_100", "AR, 100 boxes", false)];

    /// <summary>Scores items with their things. Several items may be of one picture, each for other categories.</summary>
    public static RunScores Score(IReadOnlyList<AnsweredItem> items)
    {
        (DetectionMetric metric, string[] pictures) = Measure(items);
        Dictionary<string, DetectionRecord>[] byCategory = [.. metric.Records
            .GroupBy(r => r.Category, StringComparer.Ordinal)
            .Select(category => category.ToDictionary(r => r.Image, StringComparer.Ordinal))];
        string[] measured = [.. Names.Select(name => name.Key)];
        return new RunScores
        {
            Names = Names,
            Units = pictures,
            Of = chosen => Curves(byCategory, pictures, chosen),
            Items = [.. items.Select(ItemOf)],
            Further = [.. metric.Scores().Named
                .Where(f => !measured.Contains(f.Name))
                .Select(f => new Figure(f.Name, f.Name.Replace('_', ' '), f.Value, false, null))],
            Groups = [.. metric.Categories
                .Select(category => new GroupFigure("category", category, metric.Count(category).Things, metric.Scores(category).Ap))
                .Where(g => g.Count > 0)],
        };
    }

    /// <summary>The boxes of each picture and category, in the order of COCO's evaluation.</summary>
    private static (DetectionMetric Metric, string[] Pictures) Measure(IReadOnlyList<AnsweredItem> items)
    {
        var truth = new Dictionary<(string, string), List<TrueBox>>();
        var found = new Dictionary<(string, string), List<ScoredBox>>();
        foreach ((EvaluationItem item, ItemAnswer answer) in items)
        {
            string image = item.ImageId ?? item.Id;
            foreach (LabeledTruth thing in item.Truth ?? []) Add(truth, (image, thing.Label), thing.Truth);
            foreach (LabeledBox box in answer.Boxes) Add(found, (image, box.Label), box.Box);
        }

        var metric = new DetectionMetric();
        foreach ((string Image, string Label) key in truth.Keys.Union(found.Keys))
            metric.Add(key.Image, key.Label, truth.GetValueOrDefault(key, []), found.GetValueOrDefault(key, []));
        return (metric, [.. items.Select(i => i.Item.ImageId ?? i.Item.Id).Distinct(StringComparer.Ordinal).Order(IdOrder.Instance)]);
    }

    /// <summary>AP over all IoU thresholds, at 0.50 and at 0.75, and AR, of the chosen pictures.</summary>
    internal static double[] Curves(Dictionary<string, DetectionRecord>[] byCategory, string[] pictures, IReadOnlyList<int> chosen)
    {
        PrecisionRecall[] curves =
        [
            .. byCategory
                .Select(category => PrecisionRecall.Of(
                    [.. chosen.Select(i => category.GetValueOrDefault(pictures[i])).OfType<DetectionRecord>()],
                    AreaRange.All,
                    CocoParameters.MostDetections))
                .OfType<PrecisionRecall>(),
        ];
        return
        [
            DetectionMetric.Precision(curves), DetectionMetric.Precision(curves, threshold: 0),
            DetectionMetric.Precision(curves, threshold: 5), DetectionMetric.Recall(curves),
        ];
    }

    /// <summary>
    /// The score of a picture on its own: for each thing the best overlap with a box of its label, averaged. Without things, no box should
    /// be found.
    /// </summary>
    public static ItemScore ItemOf(AnsweredItem answered)
    {
        TrueBoxOf[] things = [.. (answered.Item.Truth ?? []).Where(t => !t.Truth.IsCrowd).Select(t => new TrueBoxOf(t.Label, t.Truth.Box))];
        IReadOnlyList<LabeledBox> boxes = answered.Answer.Boxes;
        double overlap = things.Length == 0
            ? boxes.Count == 0 ? 1 : 0
            : things.Average(thing => boxes
                .Where(b => b.Label == thing.Label)
                .Select(b => b.Box.Box.IntersectionOverUnion(thing.Box))
                .DefaultIfEmpty(0)
                .Max());
        return new ItemScore(overlap, answered.Answer.Text, [("mean_iou", overlap), ("things", things.Length), ("boxes", boxes.Count)]);
    }

    private static void Add<T>(Dictionary<(string, string), List<T>> lists, (string, string) key, T value)
    {
        if (!lists.TryGetValue(key, out List<T>? list)) lists.Add(key, list = []);
        list.Add(value);
    }

    private readonly record struct TrueBoxOf(string Label, CocoBox Box);
}
