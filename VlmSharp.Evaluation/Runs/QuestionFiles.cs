using System.Text.Json;
using VlmSharp.Evaluation.Files;
using VlmSharp.Training.Data;

namespace VlmSharp.Evaluation.Runs;

/// <summary>A question as its file has it.</summary>
/// <param name="Text">The question alone, without the task's wording.</param>
/// <param name="ImageId">The picture's id, or null.</param>
/// <param name="ImageName">The picture's file, or null.</param>
internal sealed record AskedQuestion(string Text, string? ImageId, string? ImageName);

/// <summary>
/// Questions with their pictures, from the files of VQAv2, TextVQA, DocVQA, POPE and RefCOCO as JSONL: a list of objects, under
/// "questions", "data" or "annotations", at the top, or one per line. The question is "question", "text" or "expression"; the picture is
/// "image", "image_path", "file_name" or "image_id".
/// </summary>
internal static class QuestionFiles
{
    public static readonly string[] Ids = ["question_id", "questionId", "id"];

    private static readonly string[] Lists = ["questions", "data", "annotations"], Texts = ["question", "text", "expression", "prefix"];
    private static readonly string[] Names = ["image", "image_path", "file_name"];
    private static readonly string[] Extensions = [".jpg", ".png", ".jpeg"];

    /// <summary>Reads the questions of a file, in its order.</summary>
    /// <returns>The questions by id, and the file's name for its subset, which is part of the picture names in VQAv2.</returns>
    /// <exception cref="TrainingDataException">The file has another format.</exception>
    public static (OrderedDictionary<string, AskedQuestion> Questions, string? Subset) Read(string path)
    {
        var questions = new OrderedDictionary<string, AskedQuestion>(StringComparer.Ordinal);
        string? subset = OfficialFile.Read(path, Lists, o =>
        {
            string id = OfficialFile.Id(o, Ids);
            string text = Texts.Select(name => JsonFields.Text(o, name)).FirstOrDefault(t => t is not null)
                ?? throw new FormatException("it has no \"question\": give the file of the questions");
            string? name = Names.Select(n => JsonFields.Text(o, n)).FirstOrDefault(t => t is not null);
            string? image = JsonFields.TryGet(o, "image_id", out _) ? OfficialFile.Id(o, "image_id") : null;
            if (name is null && image is null) throw new FormatException("it names no picture: it has neither \"image\" nor \"image_id\"");
            if (!questions.TryAdd(id, new AskedQuestion(OfficialFile.Bounded(text, "question"), image, name)))
                throw new FormatException($"question {MessageText.Quote(id)} is asked twice");
        }).GetValueOrDefault("data_subtype");
        return (questions, subset);
    }

    /// <summary>The picture file of each question.</summary>
    /// <param name="folder">The folder of the pictures.</param>
    /// <param name="subset">The name of the subset, or null.</param>
    public static Func<AskedQuestion, string> Pictures(string folder, string? subset)
    {
        var numbered = new VqaImageNames(folder, subset);
        return question =>
        {
            if (question.ImageName is { } name)
            {
                string whole = ImagePaths.Join(folder, name), alone = Path.Combine(folder, Path.GetFileName(name));
                return File.Exists(whole) || !File.Exists(alone) ? whole : alone; // the folder may be "documents" of "documents/x.png"
            }

            if (long.TryParse(question.ImageId, out long number)) return numbered.PathOf(number);
            string[] ways = [.. Extensions.Select(extension => ImagePaths.Join(folder, question.ImageId + extension))];
            return ways.FirstOrDefault(File.Exists) ?? ways[0];
        };
    }
}
