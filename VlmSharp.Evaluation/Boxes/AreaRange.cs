namespace VlmSharp.Evaluation.Boxes;

/// <summary>Sizes that are measured separately (cocodataset.org/#detection-eval). A range includes both of its ends.</summary>
internal enum AreaRange
{
    /// <summary>Any size.</summary>
    All,

    /// <summary>Up to 32 x 32 pixels.</summary>
    Small,

    /// <summary>From 32 x 32 to 96 x 96 pixels.</summary>
    Medium,

    /// <summary>From 96 x 96 pixels on.</summary>
    Large,
}

/// <summary>The constants of COCO's evaluation (<c>Params</c> of pycocotools' cocoeval.py).</summary>
internal static class CocoParameters
{
    /// <summary>The number of area ranges in <see cref="AreaRange"/>.</summary>
    public const int AreaRanges = 4;

    /// <summary>The most detections per picture and category that count.</summary>
    public const int MostDetections = 100;

    private const double Largest = 1e5 * 1e5;

    /// <summary>0.50, 0.55, ..., 0.95 as numpy.linspace rounds them: 0.5 + i * step, with 0.95 itself as the last.</summary>
    public static readonly double[] Thresholds = Linspace(0.5, 0.95, 10);

    /// <summary>The recall values at which precision is sampled: 0, 0.01, ..., 1.</summary>
    public static readonly double[] Recalls = Linspace(0, 1, 101);

    /// <summary>Whether an area belongs to a range.</summary>
    public static bool Contains(AreaRange range, double area) => range switch
    {
        AreaRange.Small => area is >= 0 and <= 32 * 32,
        AreaRange.Medium => area is >= 32 * 32 and <= 96 * 96,
        AreaRange.Large => area is >= 96 * 96 and <= Largest,
        _ => area is >= 0 and <= Largest,
    };

    private static double[] Linspace(double first, double last, int count)
    {
        double step = (last - first) / (count - 1);
        var values = new double[count];
        for (int i = 0; i < count - 1; i++) values[i] = first + i * step;
        values[^1] = last;
        return values;
    }
}
