using System.Text.Json;

namespace VlmSharp.Training.Data;

/// <summary>
/// A JSON file whose top level is an object with long lists, as in COCO and VQA, or is itself a long list, as in result files. The lists
/// are read entry by entry, because a document of the whole file would take several times its size.
/// </summary>
internal sealed class JsonFile
{
    private const int LongestText = 256;

    private readonly string path;
    private readonly byte[] bytes;
    private readonly int start;
    private readonly Dictionary<string, string> texts = new(StringComparer.Ordinal);

    /// <exception cref="TrainingDataException">The file cannot be read or is too large.</exception>
    public JsonFile(string path)
    {
        this.path = path;
        bytes = DataFile.ReadAll(path, DataLimits.JsonBytes);
        start = bytes.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
    }

    /// <summary>The short texts of the top level, once the file was read.</summary>
    public IReadOnlyDictionary<string, string> Texts => texts;

    /// <summary>Whether the top level is a list.</summary>
    public bool IsList => bytes.AsSpan(start).TrimStart(" \t\r\n"u8) is [(byte)'[', ..];

    /// <summary>The bytes of an entry, for a second look.</summary>
    public ReadOnlyMemory<byte> Bytes(Range range) => bytes.AsMemory(range);

    /// <summary>Passes on the entries of lists.</summary>
    /// <param name="lists">For each list name, what to do with an entry, its number in the list, and its place in the file.</param>
    /// <param name="fault">Receives each bad entry: its place, and what is wrong.</param>
    /// <returns>The names of the top level.</returns>
    /// <exception cref="TrainingDataException">The file as a whole is not well-formed.</exception>
    public HashSet<string> Read(IReadOnlyDictionary<string, Action<JsonElement, Range>> lists, Action<string, string> fault)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        Parse(() =>
        {
            var reader = new Utf8JsonReader(bytes.AsSpan(start));
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                throw new TrainingDataException($"{path} is not a JSON object: give one object a line, or a file of COCO or VQA.");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                if (!names.Add(name)) throw new TrainingDataException($"{path} has {MessageText.Quote(name)} twice.");
                reader.Read();
                if (reader.TokenType == JsonTokenType.StartArray && lists.TryGetValue(name, out Action<JsonElement, Range>? use))
                    ReadList(ref reader, name, use, fault);
                else if (reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length <= LongestText)
                    texts[name] = reader.GetString()!;
                else
                    reader.Skip();
            }

            if (reader.Read())
                throw new TrainingDataException(
                    $"{path} continues after its JSON object: give one object a line, or a file of COCO or VQA.");
        });
        return names;
    }

    /// <summary>Passes on the entries of a file that is a list.</summary>
    /// <param name="use">What to do with an entry, and its place in the file.</param>
    /// <param name="fault">Receives each bad entry: its place, and what is wrong.</param>
    /// <exception cref="TrainingDataException">The file as a whole is not a well-formed list.</exception>
    public void ReadEntries(Action<JsonElement, Range> use, Action<string, string> fault) => Parse(() =>
    {
        var reader = new Utf8JsonReader(bytes.AsSpan(start));
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new TrainingDataException($"{path} is not a JSON list: results are a list of objects, [{{...}}, {{...}}].");
        ReadList(ref reader, "", use, fault);
        if (reader.Read()) throw new TrainingDataException($"{path} continues after its JSON list: give one list.");
    });

    private void Parse(Action read)
    {
        try
        {
            read();
        }
        catch (JsonException e)
        {
            throw new TrainingDataException($"{path} is not well-formed JSON: {MessageText.Sentence(e.Message)}", e);
        }
        catch (InvalidOperationException e)
        {
            throw new TrainingDataException($"{path} holds a text that is not valid Unicode.", e);
        }
    }

    private void ReadList(ref Utf8JsonReader reader, string name, Action<JsonElement, Range> use, Action<string, string> fault)
    {
        for (int i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
        {
            int first = start + checked((int)reader.TokenStartIndex);
            reader.Skip();
            Range range = first..(start + checked((int)reader.BytesConsumed));
            try
            {
                JsonFields.Parse(Bytes(range), entry =>
                {
                    use(entry, range);
                    return true;
                });
            }
            catch (FormatException e)
            {
                fault($"{path} ({name}[{i}])", e.Message);
            }
        }
    }
}
