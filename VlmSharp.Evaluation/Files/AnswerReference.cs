namespace VlmSharp.Evaluation.Files;

/// <summary>The correct answers to a question.</summary>
/// <param name="Answers">Human answers, or the single correct answer.</param>
/// <param name="AnswerType">The group of its answers, or null.</param>
/// <param name="QuestionType">The group of its question, or null.</param>
/// <param name="Question">The question, or null if the file does not have it.</param>
internal sealed record AnswerReference(IReadOnlyList<string> Answers, string? AnswerType, string? QuestionType, string? Question);
