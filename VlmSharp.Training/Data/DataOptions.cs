using VlmSharp.Tasks.Masks;

namespace VlmSharp.Training.Data;

/// <summary>How a data file is read.</summary>
public sealed record DataOptions
{
    /// <summary>The form of the data; found out from what the file holds when null.</summary>
    public DataFormat? Format { get; init; }

    /// <summary>
    /// What to ask, in formats that do not say: <c>{question}</c> in it is the question, <c>{labels}</c> the names of what is in the
    /// picture. When null: <c>caption en</c>, <c>answer en {question}</c>, <c>detect {labels}</c>, <c>segment {labels}</c>, and for a
    /// folder of labels <c>answer en what is this?</c>.
    /// </summary>
    public string? Prefix { get; init; }

    /// <summary>The folder of the pictures of COCO and VQA files; that of the data file when null.</summary>
    public string? ImageFolder { get; init; }

    /// <summary>The file of the answers, for VQA; beside the questions under the dataset's own name for it when null.</summary>
    public string? Annotations { get; init; }

    /// <summary>Makes 16 segmentation tokens of each mask of COCO instances; without it there are boxes alone.</summary>
    public MaskEncoder? MaskEncoder { get; init; }

    /// <summary>
    /// Asks for each class of COCO instances by itself, and in every picture for so many classes that are not in it, whose answer is empty;
    /// null asks for all that is there at once. A detector is used on pictures of which nobody knows what is in them; one that was only ever
    /// asked for what was there finds it everywhere.
    /// </summary>
    public int? AbsentClasses { get; init; }

    /// <summary>
    /// Whether bad lines are left out and listed in <see cref="TrainingData.Faults"/>; if not, the first one is an error.
    /// </summary>
    public bool SkipBad { get; init; }
}
