using VlmSharp.Evaluation.Boxes;

namespace VlmSharp.Evaluation.Runs;

/// <summary>A thing to find.</summary>
/// <param name="Label">Its name.</param>
/// <param name="Truth">Its true box, in pixels of the picture.</param>
internal readonly record struct LabeledTruth(string Label, TrueBox Truth);

/// <summary>What a model is asked, and the correct answer.</summary>
/// <param name="Id">Its id among the items: that of the question or the picture.</param>
/// <param name="Images">The picture files.</param>
/// <param name="Prompt">What the model reads, the task's wording included.</param>
/// <param name="References">The correct texts.</param>
internal sealed record EvaluationItem(string Id, IReadOnlyList<string> Images, string Prompt, IReadOnlyList<string> References)
{
    /// <summary>The picture's own id, if it differs from the item's; several items may be of one picture.</summary>
    public string? ImageId { get; init; }

    /// <summary>The question alone, or null.</summary>
    public string? Question { get; init; }

    /// <summary>The group of its answers, or null.</summary>
    public string? AnswerType { get; init; }

    /// <summary>The group of its question, or null.</summary>
    public string? QuestionType { get; init; }

    /// <summary>The names of the things to find; null if the prompt is only a text.</summary>
    public IReadOnlyList<string>? Things { get; init; }

    /// <summary>Whether boxes may have any label.</summary>
    public bool AnyLabel { get; init; }

    /// <summary>The true things; null if no boxes are wanted.</summary>
    public IReadOnlyList<LabeledTruth>? Truth { get; init; }
}

/// <summary>A box that a model found.</summary>
/// <param name="Label">The text behind the box's locations, as the model wrote it.</param>
/// <param name="Box">The box in pixels of the picture, and the model's confidence.</param>
internal readonly record struct LabeledBox(string Label, ScoredBox Box);

/// <summary>A model's answer to an item.</summary>
/// <param name="Text">The text; empty if the item failed.</param>
/// <param name="Boxes">The boxes, if any were asked for.</param>
internal sealed record ItemAnswer(string Text, IReadOnlyList<LabeledBox> Boxes)
{
    /// <summary>The picture's size in pixels, if boxes were asked for; otherwise 0.</summary>
    public (int Width, int Height) Size { get; init; }

    /// <summary>Why the text ended.</summary>
    public string? FinishReason { get; init; }

    /// <summary>Why there is no answer, or null.</summary>
    public string? Error { get; init; }

    /// <summary>The kind of <see cref="Error"/>, as in <c>invalid_image</c>.</summary>
    public string? ErrorType { get; init; }
}

/// <summary>An item with its answer.</summary>
internal sealed record AnsweredItem(EvaluationItem Item, ItemAnswer Answer);
