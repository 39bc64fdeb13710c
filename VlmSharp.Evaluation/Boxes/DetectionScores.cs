namespace VlmSharp.Evaluation.Boxes;

/// <summary>
/// COCO's twelve figures for boxes (cocodataset.org/#detection-eval), 0 to 1, or -1 if there is nothing to measure: no category has a thing
/// of that size. Each is a mean over the categories that have things of that size, and over IoU 0.50, 0.55, ..., 0.95 unless stated
/// otherwise.
/// </summary>
public sealed record DetectionScores
{
    /// <summary>Average precision.</summary>
    public required double Ap { get; init; }

    /// <summary>Average precision at IoU 0.5.</summary>
    public required double Ap50 { get; init; }

    /// <summary>Average precision at IoU 0.75.</summary>
    public required double Ap75 { get; init; }

    /// <summary>Average precision for things up to 32 x 32 pixels.</summary>
    public required double ApSmall { get; init; }

    /// <summary>Average precision for things from 32 x 32 to 96 x 96 pixels.</summary>
    public required double ApMedium { get; init; }

    /// <summary>Average precision for things from 96 x 96 pixels.</summary>
    public required double ApLarge { get; init; }

    /// <summary>Average recall with only the highest-scoring detection of each picture and category.</summary>
    public required double Ar1 { get; init; }

    /// <summary>Average recall with the ten highest-scoring detections.</summary>
    public required double Ar10 { get; init; }

    /// <summary>Average recall with the hundred highest-scoring detections.</summary>
    public required double Ar100 { get; init; }

    /// <summary>Average recall for things up to 32 x 32 pixels.</summary>
    public required double ArSmall { get; init; }

    /// <summary>Average recall for things from 32 x 32 to 96 x 96 pixels.</summary>
    public required double ArMedium { get; init; }

    /// <summary>Average recall for things from 96 x 96 pixels.</summary>
    public required double ArLarge { get; init; }

    /// <summary>Each figure with its name in JSON.</summary>
    internal IEnumerable<(string Name, double Value)> Named =>
    [
        ("ap", Ap), ("ap_50", Ap50), ("ap_75", Ap75), ("ap_small", ApSmall), ("ap_medium", ApMedium), ("ap_large", ApLarge),
        ("ar_1", Ar1), ("ar_10", Ar10), ("ar_100", Ar100), ("ar_small", ArSmall), ("ar_medium", ArMedium), ("ar_large", ArLarge),
    ];
}
