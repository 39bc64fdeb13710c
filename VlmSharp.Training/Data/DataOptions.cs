using VlmSharp.Tasks.Masks;

namespace VlmSharp.Training.Data;

/// <summary>How a data file is read.</summary>
public sealed record DataOptions
{
    /// <summary>The format of the data; if null, it is detected from the contents.</summary>
    public DataFormat? Format { get; init; }

    /// <summary>
    /// The prompt, for formats that have none: <c>{question}</c> stands for the question, <c>{labels}</c> for the names of the objects in
    /// the picture. When null: <c>caption en</c>, <c>answer en {question}</c>, <c>detect {labels}</c>, <c>segment {labels}</c>, and for a
    /// folder of labels <c>answer en what is this?</c>.
    /// </summary>
    public string? Prefix { get; init; }

    /// <summary>The folder of the pictures of COCO and VQA files; if null, the folder of the data file.</summary>
    public string? ImageFolder { get; init; }

    /// <summary>The file of the answers, for VQA; if null, the file beside the questions with the dataset's own name for it.</summary>
    public string? Annotations { get; init; }

    /// <summary>Turns each mask of COCO instances into 16 segmentation tokens; without it there are only boxes.</summary>
    public MaskEncoder? MaskEncoder { get; init; }

    /// <summary>
    /// Asks for each class of COCO instances separately, and in every picture also for this many absent classes, whose answer is empty;
    /// null asks for all present objects at once. A detector is used on pictures with unknown content: if it was only ever asked for
    /// objects that were present, it finds them everywhere.
    /// </summary>
    public int? AbsentClasses { get; init; }

    /// <summary>
    /// Whether bad lines are left out and listed in <see cref="TrainingData.Faults"/>; if not, the first one is an error.
    /// </summary>
    public bool SkipBad { get; init; }
}
