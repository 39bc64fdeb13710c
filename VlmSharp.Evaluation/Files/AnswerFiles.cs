using System.Text.Json;
using VlmSharp.Evaluation.Answers;
using VlmSharp.Training.Data;

namespace VlmSharp.Evaluation.Files;

/// <summary>
/// The files of VQA (visualqa.org/vqa_v2_dataset_format): results are <c>[{"question_id", "answer"}]</c>, references <c>{"annotations":
/// [{"question_id", "answer_type", "question_type", "answers": [{"answer"}]}]}</c>, questions <c>{"questions": [{"question_id",
/// "question"}]}</c>. References may also have the forms of other benchmarks: a list at the top or under "data", answers as texts, a single
/// answer, TallyQA's "issimple", POPE's "label".
/// </summary>
internal static class AnswerFiles
{
    private const string Annotations = "annotations", Data = "data", Questions = "questions", Question = "question";
    private static readonly string[] Ids = ["question_id", "questionId"], Single = ["answer", "label", "multiple_choice_answer"];

    /// <summary>Reads results.</summary>
    /// <exception cref="TrainingDataException">The file has another format.</exception>
    public static List<Prediction> ReadPredictions(string path)
    {
        var predictions = new List<Prediction>();
        OfficialFile.Read(path, [], o => predictions.Add(new Prediction(OfficialFile.Id(o, Ids), Answer(o))));
        return predictions;
    }

    /// <summary>Reads references.</summary>
    /// <exception cref="TrainingDataException">The file has another format.</exception>
    public static OrderedDictionary<string, AnswerReference> ReadReferences(string path)
    {
        var references = new OrderedDictionary<string, AnswerReference>(StringComparer.Ordinal);
        OfficialFile.Read(path, [Annotations, Data], o =>
        {
            string id = OfficialFile.Id(o, Ids);
            var reference = new AnswerReference(
                Answers(o), JsonFields.Text(o, "answer_type") ?? TallyType(o),
                JsonFields.Text(o, "question_type"), JsonFields.Text(o, Question));
            if (!references.TryAdd(id, reference)) throw new FormatException($"question {MessageText.Quote(id)} is answered twice");
        });
        return references;
    }

    /// <summary>Reads the texts of questions.</summary>
    /// <exception cref="TrainingDataException">The file has another format.</exception>
    public static Dictionary<string, string> ReadQuestions(string path)
    {
        var questions = new Dictionary<string, string>(StringComparer.Ordinal);
        OfficialFile.Read(path, [Questions, Data], o =>
        {
            string id = OfficialFile.Id(o, Ids);
            if (!questions.TryAdd(id, OfficialFile.Text(o, Question)))
                throw new FormatException($"question {MessageText.Quote(id)} is asked twice");
        });
        return questions;
    }

    /// <summary>Pairs the answers of the files with their references.</summary>
    /// <param name="predictions">The file of results.</param>
    /// <param name="references">The file of annotations.</param>
    /// <param name="questions">The file of questions, or null; the texts of the questions are then unknown.</param>
    /// <param name="allowPartial">Whether entries without a counterpart are left out.</param>
    public static Pairing<AnswerCase> Pair(string predictions, string references, string? questions, bool allowPartial)
    {
        OrderedDictionary<string, AnswerReference> known = ReadReferences(references);
        Dictionary<string, string>? asked = questions is null ? null : ReadQuestions(questions);
        if (asked is not null && !allowPartial && known.Keys.FirstOrDefault(id => !asked.ContainsKey(id)) is { } stray)
            throw new TrainingDataException($"{references} answers question {MessageText.Quote(stray)}, which {questions} does not have: "
                + "give both files of the same split.");
        return Pairing.Of(
            new PairedFiles(predictions, references, "question", allowPartial), ReadPredictions(predictions), known.Keys,
            (id, text) => new AnswerCase(id, text, known[id].Answers)
            {
                AnswerType = known[id].AnswerType,
                QuestionType = known[id].QuestionType,
                Question = asked?.GetValueOrDefault(id) ?? known[id].Question,
            });
    }

    private static string[] Answers(JsonElement o)
    {
        foreach (string name in (string[])["answers", "direct_answers"])
        {
            if (!JsonFields.TryGet(o, name, out JsonElement list)) continue;
            if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is 0 or > DataLimits.Suffixes)
                throw new FormatException($"\"{name}\" is not a list of 1 to {DataLimits.Suffixes} answers");
            return [.. list.EnumerateArray().Select(item =>
                item.ValueKind == JsonValueKind.Object ? OfficialFile.Text(item, "answer") : TextOrNumber(item, name))];
        }

        foreach (string name in Single)
            if (JsonFields.TryGet(o, name, out JsonElement answer)) return [TextOrNumber(answer, name)];
        throw new FormatException("it has no \"answers\"");
    }

    private static string Answer(JsonElement o) =>
        JsonFields.TryGet(o, "answer", out JsonElement answer) ? TextOrNumber(answer, "answer") : OfficialFile.Text(o, "answer");

    private static string TextOrNumber(JsonElement value, string name) => value.ValueKind switch
    {
        JsonValueKind.String => OfficialFile.Bounded(value.GetString()!, name),
        JsonValueKind.Number => OfficialFile.Bounded(value.GetRawText(), name), // TallyQA's counts are JSON numbers
        _ => throw new FormatException($"\"{name}\" is neither a text nor a number"),
    };

    /// <summary>TallyQA's questions are simple or complex.</summary>
    private static string? TallyType(JsonElement o) => !JsonFields.TryGet(o, "issimple", out JsonElement simple) ? null
        : simple.ValueKind switch
        {
            JsonValueKind.True => "simple",
            JsonValueKind.False => "complex",
            _ => throw new FormatException("\"issimple\" is neither true nor false"),
        };
}
