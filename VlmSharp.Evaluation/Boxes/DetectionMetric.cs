namespace VlmSharp.Evaluation.Boxes;

/// <summary>
/// Average precision and recall of a detector, as COCO's evaluation defines them and pycocotools computes them (Lin et al. 2014,
/// cocodataset.org/#detection-eval). Pictures may be added in any order, and in parts that are merged: the result is the same.
/// </summary>
/// <remarks>
/// <code>
/// var metric = new DetectionMetric();
/// metric.Add("139", "1", truth: [new TrueBox(new CocoBox(412.8, 157.6, 53, 138))], found: [new ScoredBox(new CocoBox(417, 159, 48, 143), 0.99)]);
/// DetectionScores scores = metric.Scores();
/// </code>
/// </remarks>
public sealed class DetectionMetric
{
    private readonly Dictionary<string, SortedDictionary<string, DetectionRecord>> categories = new(StringComparer.Ordinal); // then by picture

    /// <summary>The sufficient statistics, by category and picture.</summary>
    internal IEnumerable<DetectionRecord> Records => Categories.SelectMany(category => categories[category].Values);

    /// <summary>The categories that were added, in the order of their ids.</summary>
    public IEnumerable<string> Categories => categories.Keys.Order(IdOrder.Instance);

    /// <summary>Adds what is of one category in one picture. Where both lists are empty there is nothing to add.</summary>
    /// <param name="image">The picture's id. Of equal scores that of the lower id counts as the surer.</param>
    /// <param name="category">The category's id.</param>
    /// <param name="truth">The things that are there.</param>
    /// <param name="found">The things that were found; of equal scores the earlier counts as the surer.</param>
    /// <exception cref="ArgumentException">The picture and category were added before, or a number is not finite.</exception>
    public void Add(string image, string category, IReadOnlyList<TrueBox> truth, IReadOnlyList<ScoredBox> found)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(category);
        ArgumentNullException.ThrowIfNull(truth);
        ArgumentNullException.ThrowIfNull(found);
        if (truth.Any(thing => !IsFinite(thing.Box) || !double.IsFinite(thing.Area)) || found.Any(box => !IsFinite(box.Box) || !double.IsFinite(box.Score)))
            throw new ArgumentException($"A box of image {image} has a number that is not finite.", nameof(found));
        Add(DetectionMatcher.Match(image, category, truth, found));
    }

    /// <summary>Adds the pictures of another part of the data set.</summary>
    /// <param name="other">The other part; it is not changed.</param>
    /// <exception cref="ArgumentException">A picture and category is in both.</exception>
    public void Merge(DetectionMetric other)
    {
        ArgumentNullException.ThrowIfNull(other);
        foreach (DetectionRecord record in other.Records) Add(record);
    }

    /// <summary>Adds a picture and category that were judged before.</summary>
    internal void Add(DetectionRecord record)
    {
        if (!categories.TryGetValue(record.Category, out SortedDictionary<string, DetectionRecord>? pictures))
            categories.Add(record.Category, pictures = new SortedDictionary<string, DetectionRecord>(IdOrder.Instance));
        if (!pictures.TryAdd(record.Image, record))
            throw new ArgumentException($"Image {record.Image} and category {record.Category} were added before.", nameof(record));
    }

    /// <summary>How many things a category has to find, and how many detections count, at most a hundred of a picture.</summary>
    internal (int Things, int Detections) Count(string category) =>
        (categories[category].Values.Sum(record => record.Things[(int)AreaRange.All]), categories[category].Values.Sum(record => record.Detections.Count));

    /// <summary>The figures of all categories together.</summary>
    /// <returns>The twelve figures.</returns>
    public DetectionScores Scores() => Summarize([.. Categories]);

    /// <summary>The figures of one category.</summary>
    /// <param name="category">Its id.</param>
    /// <returns>The twelve figures; -1 each where it has no things.</returns>
    public DetectionScores Scores(string category)
    {
        ArgumentNullException.ThrowIfNull(category);
        return Summarize(categories.ContainsKey(category) ? [category] : []);
    }

    private DetectionScores Summarize(string[] names)
    {
        PrecisionRecall[] one = Curves(names, AreaRange.All, 1), ten = Curves(names, AreaRange.All, 10), all = Curves(names, AreaRange.All, CocoParameters.MostDetections);
        PrecisionRecall[] small = Curves(names, AreaRange.Small, CocoParameters.MostDetections), medium = Curves(names, AreaRange.Medium, CocoParameters.MostDetections);
        PrecisionRecall[] large = Curves(names, AreaRange.Large, CocoParameters.MostDetections);
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

    /// <summary>The curves of the categories that have things of that size.</summary>
    private PrecisionRecall[] Curves(string[] names, AreaRange range, int most) =>
        [.. names.Select(name => PrecisionRecall.Of([.. categories[name].Values], range, most)).OfType<PrecisionRecall>()];

    private static double Precision(PrecisionRecall[] curves, int? threshold = null) =>
        Mean(curves.SelectMany(curve => threshold is { } t ? curve.Precision[t] : curve.Precision.SelectMany(values => values)));

    private static double Recall(PrecisionRecall[] curves) => Mean(curves.SelectMany(curve => curve.Recall));

    private static double Mean(IEnumerable<double> values) => values.DefaultIfEmpty(-1).Average();

    private static bool IsFinite(CocoBox box) => double.IsFinite(box.Left) && double.IsFinite(box.Top) && double.IsFinite(box.Width) && double.IsFinite(box.Height);
}
