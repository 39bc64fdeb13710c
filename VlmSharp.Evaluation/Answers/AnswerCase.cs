namespace VlmSharp.Evaluation.Answers;

/// <summary>A question's answer and the correct answers.</summary>
/// <param name="Id">The question's id, as its file has it.</param>
/// <param name="Answer">The answer to score.</param>
/// <param name="References">Human answers, or the single correct answer; at least one.</param>
public sealed record AnswerCase(string Id, string Answer, IReadOnlyList<string> References)
{
    /// <summary>The group of its answers, such as <c>yes/no</c>, or null.</summary>
    public string? AnswerType { get; init; }

    /// <summary>The group of its question, such as <c>how many</c>, or null.</summary>
    public string? QuestionType { get; init; }

    /// <summary>The question, or null.</summary>
    public string? Question { get; init; }
}
