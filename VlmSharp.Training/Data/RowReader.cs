using System.Text;
using System.Text.Json;

namespace VlmSharp.Training.Data;

/// <summary>
/// Reads one line of a JSONL file as an example. Unknown members are ignored: files carry much that is not for training.
/// </summary>
/// <param name="format">One of the four formats of lines.</param>
/// <param name="file">The data file.</param>
/// <param name="folder">The folder that its paths are relative to.</param>
/// <param name="prefix">The prompt for lines without one, or null for the format's default.</param>
internal sealed class RowReader(DataFormat format, string file, string folder, string? prefix)
{
    private const string ImageMark = "<image>";

    /// <summary>Reads a line.</summary>
    /// <param name="line">Its bytes, UTF-8.</param>
    /// <param name="number">Its number, from 1.</param>
    /// <returns>The example, with the paths of its pictures joined to the folder.</returns>
    /// <exception cref="FormatException">It is no such line; the message continues "train.jsonl:12: ...".</exception>
    public TrainingExample Read(ReadOnlyMemory<byte> line, int number) => JsonFields.Parse(line, o => Read(o, number));

    /// <summary>The form of a line, by its members; null where it is none of them.</summary>
    public static DataFormat? FormatOf(JsonElement o)
    {
        if (!JsonFields.TryGet(o, "image", out _) && !JsonFields.TryGet(o, "images", out _)) return null;
        return JsonFields.TryGet(o, "suffix", out _) ? DataFormat.PrefixSuffix
            : JsonFields.TryGet(o, "messages", out _) ? DataFormat.Messages
            : JsonFields.TryGet(o, "question", out _) ? DataFormat.QuestionAnswer
            : JsonFields.TryGet(o, "text", out _) ? DataFormat.ImageText : null;
    }

    private TrainingExample Read(JsonElement o, int number)
    {
        if (o.ValueKind != JsonValueKind.Object) throw new FormatException("it is not a JSON object");
        string[] names = JsonFields.Texts(o, "images", DataLimits.Images) ?? (JsonFields.Text(o, "image") is { } one ? [one] : []);
        if (names.Length == 0) throw new FormatException("it names no picture: give \"image\" or \"images\"");
        (string asked, string[] answers) = format switch
        {
            DataFormat.PrefixSuffix => (JsonFields.Text(o, "prefix") ?? "", Answers(o, "suffix")),
            DataFormat.ImageText => (prefix ?? "caption en", Answers(o, "text")),
            DataFormat.QuestionAnswer => (Asked(JsonFields.RequiredText(o, "question")), Answers(o, "answer", "answers")),
            _ => ReadMessages(o),
        };
        return new TrainingExample
        {
            Images = [.. names.Select(name => ImagePaths.Join(folder, name))],
            Prefix = asked,
            Suffixes = answers,
            Id = JsonFields.Id(o, "id"),
            File = file,
            Line = number,
        };
    }

    private string Asked(string question) => (prefix ?? "answer en {question}").Replace("{question}", question, StringComparison.Ordinal);

    private static string[] Answers(JsonElement o, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (JsonFields.Texts(o, name, DataLimits.Suffixes) is not { } texts) continue;
            return texts.Length > 0 ? texts : throw new FormatException($"\"{name}\" is an empty list");
        }

        throw new FormatException($"it has no \"{names[0]}\"");
    }

    /// <summary>One question and one answer: PaliGemma's prompt format has no speaker roles.</summary>
    private static (string Asked, string[] Answers) ReadMessages(JsonElement o)
    {
        if (!JsonFields.TryGet(o, "messages", out JsonElement messages) || messages.ValueKind != JsonValueKind.Array)
            throw new FormatException("it has no list \"messages\"");
        if (messages.GetArrayLength() != 2)
            throw new FormatException($"it has {messages.GetArrayLength()} messages, and PaliGemma answers one question: give one of the "
                + "user and one of the assistant");
        return (Content(messages[0], "user"), [Content(messages[1], "assistant")]);
    }

    private static string Content(JsonElement message, string role)
    {
        if (JsonFields.Text(message, "role") is var found && found != role)
            throw new FormatException($"a message has the role {(found is null ? "none" : MessageText.Quote(found))} where {role} belongs");
        if (!JsonFields.TryGet(message, "content", out JsonElement content))
            throw new FormatException($"the message of the {role} has no \"content\"");
        if (content.ValueKind == JsonValueKind.String) return WithoutImageMarks(content.GetString()!);
        if (content.ValueKind != JsonValueKind.Array)
            throw new FormatException($"the \"content\" of the {role} is neither a text nor a list");
        var text = new StringBuilder();
        foreach (JsonElement part in content.EnumerateArray())
            if (JsonFields.Text(part, "text") is { } words) text.Append(words); // parts of another type say where pictures go
        return WithoutImageMarks(text.ToString());
    }

    // Pictures always go first, so a placeholder for their position has no meaning.
    private static string WithoutImageMarks(string text) =>
        text.Contains(ImageMark, StringComparison.Ordinal) ? text.Replace(ImageMark, "", StringComparison.Ordinal).Trim() : text;
}
