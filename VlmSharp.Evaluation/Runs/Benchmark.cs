using VlmSharp.Evaluation.Answers;

namespace VlmSharp.Evaluation.Runs;

/// <summary>A benchmark that can be selected by name.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Title">Its name in reports.</param>
/// <param name="Kind">How it is scored.</param>
/// <param name="Main">The figure that papers print.</param>
internal sealed record Benchmark(string Name, string Title, RunKind Kind, string Main)
{
    /// <summary>How answers are scored.</summary>
    public AnswerMetric Metric { get; init; }

    /// <summary>
    /// The prompt (Beyer et al. 2024, appendix B); <c>{question}</c> stands for the question. Null if the data has its own prompts.
    /// </summary>
    public string? Prefix { get; init; }

    /// <summary>The names of the published files.</summary>
    public string Files { get; init; } = "";

    /// <summary>The factor that converts published figures to the unit of <see cref="Main"/>.</summary>
    public double PublishedScale { get; init; } = 1;

    /// <summary>Figures of the papers.</summary>
    public IReadOnlyList<PublishedFigure> Published { get; init; } = [];

    /// <summary>Any training data.</summary>
    public static Benchmark File { get; } = new("file", "data of your own", RunKind.Exact, "exact_match");

    /// <summary>All named benchmarks.</summary>
    public static IReadOnlyList<Benchmark> All { get; } =
    [
        new("coco-caption", "COCO captions", RunKind.Captions, "cider")
        {
            Prefix = "caption en", Files = "--annotations captions_val2014.json --images val2014", PublishedScale = 0.01,
            Published = PublishedFigure.Of(("val, two beams", 141.9, 144.6, 141.3, 143.4)),
        },
        new("coco-detect", "COCO detection", RunKind.Boxes, "ap")
        {
            Files = "--annotations instances_val2017.json --images val2017", PublishedScale = 0.01,
            Published = PublishedFigure.Of(("val2017", 28.7, 37.0, 30.4, 38.5)),
        },
        new("vqav2", "VQAv2", RunKind.Answers, "overall")
        {
            Metric = AnswerMetric.Vqa, Prefix = "answer en {question}",
            Files = "--questions v2_OpenEnded_mscoco_val2014_questions.json "
                + "--annotations v2_mscoco_val2014_annotations.json --images val2014",
            Published = PublishedFigure.Of(("test-std", 83.2, 85.6, null, null), ("minival", 82.1, null, 83.0, 84.8)),
        },
        new("textvqa", "TextVQA", RunKind.Answers, "overall")
        {
            Metric = AnswerMetric.Vqa, Prefix = "answer en {question}",
            Files = "--annotations TextVQA_0.5.1_val.json --images train_images",
            Published = PublishedFigure.Of(("test", 55.5, 73.2, null, null), ("val", 59.0, null, 59.6, 75.2)),
        },
        new("docvqa", "DocVQA", RunKind.Answers, "overall")
        {
            Metric = AnswerMetric.Anls, Prefix = "{question}", Files = "--annotations val_v1.0.json --images DIR",
            Published = PublishedFigure.Of(("test", 43.7, 78.0, null, null), ("val", 37.8, 74.1, 39.9, 73.6)),
        },
        new("refcoco", "RefCOCO", RunKind.Referring, "box_accuracy_50")
        {
            Prefix = "detect {question}", Files = "--annotations refcoco_val.jsonl --images train2014",
        },
        new("pope", "POPE", RunKind.Answers, "overall")
        {
            Metric = AnswerMetric.Pope, Prefix = "answer en {question}", Files = "--annotations coco_pope_random.json --images val2014",
        },
    ];
}

/// <summary>
/// A figure from the papers: PaliGemma (Beyer et al. 2024, arXiv 2407.07726) and PaliGemma 2 (Steiner et al. 2024, arXiv 2412.03555).
/// </summary>
/// <param name="Model">The model and its resolution.</param>
/// <param name="Split">The split that it was measured on.</param>
/// <param name="Value">The figure as printed.</param>
internal sealed record PublishedFigure(string Model, string Split, double Value)
{
    private static readonly string[] Models =
        ["PaliGemma 3B, 224 px", "PaliGemma 3B, 448 px", "PaliGemma 2 3B, 224 px", "PaliGemma 2 3B, 448 px"];

    /// <summary>The figures of each model, in the order of the names above; null if the papers have none.</summary>
    public static IReadOnlyList<PublishedFigure> Of(params ReadOnlySpan<(string Split, double? A, double? B, double? C, double? D)> rows)
    {
        var figures = new List<PublishedFigure>();
        foreach ((string split, double? a, double? b, double? c, double? d) in rows)
            foreach ((string model, double? value) in Models.Zip((double?[])[a, b, c, d]))
                if (value is { } printed) figures.Add(new PublishedFigure(model, split, printed));
        return figures;
    }
}
