using System.Text.Json;

namespace VlmSharp.Training.Data;

/// <summary>
/// The two files of VQAv2 (Goyal et al. 2017) and of other data in its format: questions, and ten people's answers to each. All ten are
/// kept, including equal ones, so that a random choice picks frequent answers more often.
/// </summary>
internal static class VqaReader
{
    private const string Questions = "questions", Annotations = "annotations";

    /// <summary>Words that are in the names of VQAv2's question files but not of its answer files.</summary>
    private static readonly string[] Words = ["OpenEnded_", "MultipleChoice_"];

    private readonly record struct Question(long Id, long Image, string Text);

    /// <summary>Reads both files.</summary>
    /// <param name="path">Either of them.</param>
    /// <param name="options">Where pictures and answers are.</param>
    /// <param name="found">Takes what is found.</param>
    public static List<TrainingExample> Read(string path, DataOptions options, ExampleCollector found)
    {
        (string questionFile, string answerFile) = Pair(path, options.Annotations);
        var answers = ReadAnswers(answerFile, found);
        (List<Question> questions, string? subset) = ReadQuestions(questionFile, found);
        var names = new VqaImageNames(options.ImageFolder ?? found.Root, subset);
        string prefix = options.Prefix ?? "answer en {question}";
        var examples = new List<TrainingExample>(questions.Count);
        foreach (Question question in questions)
        {
            if (!answers.TryGetValue(question.Id, out string[]? given))
            {
                found.Fault($"{questionFile} (question {question.Id})", $"{answerFile} has no answer for it");
                continue;
            }

            var example = new TrainingExample
            {
                Images = [names.PathOf(question.Image)],
                Prefix = prefix.Replace("{question}", question.Text, StringComparison.Ordinal),
                Suffixes = given,
                Id = $"{question.Id}",
                File = questionFile,
            };
            found.Add(example);
            examples.Add(example);
        }

        return examples;
    }

    private static Dictionary<long, string[]> ReadAnswers(string path, ExampleCollector found)
    {
        var answers = new Dictionary<long, string[]>();
        var names = new JsonFile(path).Read(new Dictionary<string, Action<JsonElement, Range>>
        {
            [Annotations] = (o, _) =>
            {
                long id = JsonFields.Whole(o, "question_id");
                if (!answers.TryAdd(id, Answers(o))) throw new FormatException($"question {id} is answered twice");
            },
        }, found.Fault);
        return names.Contains(Annotations) ? answers
            : throw new TrainingDataException($"{path} has no list \"{Annotations}\": give the file of the answers.");
    }

    private static string[] Answers(JsonElement o)
    {
        if (!JsonFields.TryGet(o, "answers", out JsonElement list)) return [JsonFields.RequiredText(o, "multiple_choice_answer")];
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is 0 or > DataLimits.Suffixes)
            throw new FormatException($"\"answers\" is not a list of 1 to {DataLimits.Suffixes} answers");
        return [.. list.EnumerateArray().Select(TextOf)];
    }

    private static string TextOf(JsonElement answer) =>
        answer.ValueKind == JsonValueKind.String ? answer.GetString()! : JsonFields.RequiredText(answer, "answer");

    private static (List<Question> Questions, string? Subset) ReadQuestions(string path, ExampleCollector found)
    {
        var questions = new List<Question>();
        var file = new JsonFile(path);
        HashSet<string> names = file.Read(new Dictionary<string, Action<JsonElement, Range>>
        {
            [Questions] = (o, _) => questions.Add(new Question(
                JsonFields.Whole(o, "question_id"), JsonFields.Whole(o, "image_id", 0), JsonFields.RequiredText(o, "question"))),
        }, found.Fault);
        if (!names.Contains(Questions))
            throw new TrainingDataException($"{path} has no list \"{Questions}\": give the file of the questions.");
        return (questions, file.Texts.GetValueOrDefault("data_subtype"));
    }

    /// <summary>The other file has the same name but for the word; VQAv2's questions have one word more.</summary>
    private static (string Questions, string Answers) Pair(string path, string? annotations)
    {
        if (annotations is not null) return (path, annotations);
        string folder = Path.GetDirectoryName(path) ?? "", name = Path.GetFileName(path);
        if (name.Contains(Questions, StringComparison.Ordinal))
        {
            string other = name.Replace(Questions, Annotations, StringComparison.Ordinal);
            string[] candidates = [other, .. Words.Select(word => other.Replace(word, "", StringComparison.Ordinal))];
            foreach (string candidate in candidates)
                if (File.Exists(Path.Combine(folder, candidate))) return (path, Path.Combine(folder, candidate));
            throw new TrainingDataException(
                $"{path} has the questions, and their answers are not in {candidates[0]} beside it: name the file of the annotations.");
        }

        if (name.Contains(Annotations, StringComparison.Ordinal))
        {
            string other = name.Replace(Annotations, Questions, StringComparison.Ordinal);
            string[] candidates = [other, .. Words.Select(word => other.Replace("mscoco", $"{word}mscoco", StringComparison.Ordinal))];
            foreach (string candidate in candidates)
                if (File.Exists(Path.Combine(folder, candidate))) return (Path.Combine(folder, candidate), path);
        }

        throw new TrainingDataException(
            $"{path} is one of the two files of a VQA dataset: give the one with the questions, and name that of the annotations.");
    }
}
