namespace VlmSharp.Evaluation.Boxes;

/// <summary>Sizes that are measured apart (cocodataset.org/#detection-eval). Both ends of a range belong to it.</summary>
internal enum AreaRange
{
    /// <summary>Any size.</summary>
    All,

    /// <summary>Up to 32 x 32 pixels.</summary>
    Small,

    /// <summary>From there to 96 x 96 pixels.</summary>
    Medium,

    /// <summary>From there on.</summary>
    Large,
}

/// <summary>The constants of COCO's evaluation (<c>Params</c> of pycocotools' cocoeval.py).</summary>
internal static class CocoParameters
{
    /// <summary>Ranges of areas, <see cref="AreaRange"/>.</summary>
    public const int AreaRanges = 4;

    /// <summary>The most detections of a picture and category that count.</summary>
    public const int MostDetections = 100;

    private const double Largest = 1e5 * 1e5;

    /// <summary>0.50, 0.55, ..., 0.95 as numpy.linspace rounds them: 0.5 + i * step, and the last one 0.95 itself.</summary>
    public static readonly double[] Thresholds = Linspace(0.5, 0.95, 10);

    /// <summary>The recalls at which precision is read: 0, 0.01, ..., 1.</summary>
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
