namespace VlmSharp.Evaluation.Boxes;

/// <summary>
/// Average precision and recall of a detector, as COCO's evaluation defines them and pycocotools computes them (Lin et al. 2014,
/// cocodataset.org/#detection-eval). Pictures may be added in any order, and in parts that are merged: the result is the same.
/// </summary>
/// <remarks>
/// <code>
/// var metric = new DetectionMetric();
/// metric.Add("139", "1",
///     truth: [new TrueBox(new CocoBox(412.8, 157.6, 53, 138))],
///     found: [new ScoredBox(new CocoBox(417, 159, 48, 143), 0.99)]);
/// DetectionScores scores = metric.Scores();
/// </code>
/// </remarks>
public sealed class DetectionMetric
{
    // By category, then by picture.
    private readonly Dictionary<string, SortedDictionary<string, DetectionRecord>> categories = new(StringComparer.Ordinal);

    /// <summary>The sufficient statistics, by category and picture.</summary>
    internal IEnumerable<DetectionRecord> Records => Categories.SelectMany(category => categories[category].Values);

    /// <summary>The categories that were added, in the order of their ids.</summary>
    public IEnumerable<string> Categories => categories.Keys.Order(IdOrder.Instance);

    /// <summary>Adds the boxes of one category in one picture. If both lists are empty, nothing needs to be added.</summary>
    /// <param name="image">The picture's id. Among equal scores, the picture with the lower id comes first.</param>
    /// <param name="category">The category's id.</param>
    /// <param name="truth">The true things.</param>
    /// <param name="found">The detected things; among equal scores, the earlier one comes first.</param>
    /// <exception cref="ArgumentException">The picture and category were added before, or a number is not finite.</exception>
    public void Add(string image, string category, IReadOnlyList<TrueBox> truth, IReadOnlyList<ScoredBox> found)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(category);
        ArgumentNullException.ThrowIfNull(truth);
        ArgumentNullException.ThrowIfNull(found);
        if (truth.Any(thing => !IsFinite(thing.Box) || !double.IsFinite(thing.Area))
            || found.Any(box => !IsFinite(box.Box) || !double.IsFinite(box.Score)))
            throw new ArgumentException($"A box of image {image} has a number that is not finite.", nameof(found));
        Add(DetectionMatcher.Match(image, category, truth, found));
    }

    /// <summary>Adds the pictures of another part of the data set.</summary>
    /// <param name="other">The other part; it is not changed.</param>
    /// <exception cref="ArgumentException">Both parts have the same picture and category.</exception>
    public void Merge(DetectionMetric other)
    {
        ArgumentNullException.ThrowIfNull(other);
        foreach (DetectionRecord record in other.Records) Add(record);
    }

    /// <summary>Adds a picture and category that were evaluated before.</summary>
    internal void Add(DetectionRecord record)
    {
        if (!categories.TryGetValue(record.Category, out SortedDictionary<string, DetectionRecord>? pictures))
            categories.Add(record.Category, pictures = new SortedDictionary<string, DetectionRecord>(IdOrder.Instance));
        if (!pictures.TryAdd(record.Image, record))
            throw new ArgumentException($"Image {record.Image} and category {record.Category} were added before.", nameof(record));
    }

    /// <summary>The number of things in a category, and of detections that count, at most a hundred per picture.</summary>
    internal (int Things, int Detections) Count(string category)
    {
        SortedDictionary<string, DetectionRecord>.ValueCollection records = categories[category].Values;
        return (records.Sum(record => record.Things[(int)AreaRange.All]), records.Sum(record => record.Detections.Count));
    }

    /// <summary>The figures of all categories together.</summary>
    /// <returns>The twelve figures.</returns>
    public DetectionScores Scores() => Summarize([.. Categories]);

    /// <summary>The figures of one category.</summary>
    /// <param name="category">Its id, as it was added.</param>
    /// <returns>The twelve figures, all -1 if it has no things.</returns>
    public DetectionScores Scores(string category)
    {
        ArgumentNullException.ThrowIfNull(category);
        return Summarize(categories.ContainsKey(category) ? [category] : []);
    }

    private DetectionScores Summarize(string[] names)
    {
        const int Most = CocoParameters.MostDetections;
        PrecisionRecall[] one = Curves(names, AreaRange.All, 1), ten = Curves(names, AreaRange.All, 10);
        PrecisionRecall[] all = Curves(names, AreaRange.All, Most), small = Curves(names, AreaRange.Small, Most);
        PrecisionRecall[] medium = Curves(names, AreaRange.Medium, Most), large = Curves(names, AreaRange.Large, Most);
        return new DetectionScores
        {
            Ap = Precision(all),
            Ap50 = Precision(all, threshold: 0),
            Ap75 = Precision(all, threshold: 5),
            ApSmall = Precision(small),
            ApMedium = Precision(medium),
            ApLarge = Precision(large),
            Ar1 = Recall(one),
            Ar10 = Recall(ten),
            Ar100 = Recall(all),
            ArSmall = Recall(small),
            ArMedium = Recall(medium),
            ArLarge = Recall(large),
        };
    }

    /// <summary>The curves of the categories that have things in the size range.</summary>
    private PrecisionRecall[] Curves(string[] names, AreaRange range, int most) =>
        [.. names.Select(name => PrecisionRecall.Of([.. categories[name].Values], range, most)).OfType<PrecisionRecall>()];

    /// <summary>The mean precision of curves, over all IoU thresholds or at one; -1 without curves.</summary>
    internal static double Precision(PrecisionRecall[] curves, int? threshold = null) =>
        Mean(curves.SelectMany(curve => threshold is { } t ? curve.Precision[t] : curve.Precision.SelectMany(values => values)));

    /// <summary>The mean recall of curves; -1 without curves.</summary>
    internal static double Recall(PrecisionRecall[] curves) => Mean(curves.SelectMany(curve => curve.Recall));

    private static double Mean(IEnumerable<double> values) => values.DefaultIfEmpty(-1).Average();

    private static bool IsFinite(CocoBox box) =>
        double.IsFinite(box.Left) && double.IsFinite(box.Top) && double.IsFinite(box.Width) && double.IsFinite(box.Height);
}
