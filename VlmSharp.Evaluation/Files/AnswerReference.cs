namespace VlmSharp.Evaluation.Files;

/// <summary>What is right for a question.</summary>
/// <param name="Answers">The answers of people, or the one that is right.</param>
/// <param name="AnswerType">The group of its answer, or null.</param>
/// <param name="QuestionType">The group of its question, or null.</param>
/// <param name="Question">The question, or null where the file does not have it.</param>
internal sealed record AnswerReference(IReadOnlyList<string> Answers, string? AnswerType, string? QuestionType, string? Question);
