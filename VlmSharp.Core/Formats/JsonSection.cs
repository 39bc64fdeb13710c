using System.Text.Json;
using System.Text.Unicode;

namespace VlmSharp.Formats;

/// <summary>
/// One object of a JSON file, read key by key. Every error names the file and the key. A key whose value is
/// null counts as absent unless a method says otherwise, as in the library that writes these files.
/// </summary>
internal readonly struct JsonSection
{
    private readonly JsonElement element;
    private readonly string fileName;
    private readonly string path;

    private JsonSection(JsonElement element, string fileName, string path)
    {
        this.element = element;
        this.fileName = fileName;
        this.path = path;
    }

    /// <summary>Parses a file whose top level is an object, and passes the object to <paramref name="read"/>.</summary>
    public static T Read<T>(ReadOnlySpan<byte> json, string fileName, Func<JsonSection, T> read)
    {
        if (json.StartsWith("\uFEFF"u8)) json = json[3..];
        if (!Utf8.IsValid(json)) throw new ModelFormatException($"{fileName} is not a JSON file: it is not UTF-8 text.");
        try
        {
            var options = new JsonDocumentOptions { AllowDuplicateProperties = false };
            using JsonDocument document = JsonDocument.Parse(json.ToArray(), options);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new ModelFormatException($"{fileName} holds {Kind(document.RootElement)} where a JSON object belongs.");
            return read(new JsonSection(document.RootElement, fileName, ""));
        }
        catch (JsonException e)
        {
            throw new ModelFormatException($"{fileName} is not well-formed JSON: {MessageText.Sentence(e.Message)}", e);
        }
        catch (InvalidOperationException e)
        {
            // Here this exception can only mean a string with a lone surrogate escape, such as "\ud800".
            throw new ModelFormatException($"{fileName} holds a string that is not valid Unicode.", e);
        }
    }

    /// <summary>Whether the key is there, null or not.</summary>
    public bool Mentions(string name) => element.TryGetProperty(name, out _);

    /// <summary>Whether the key is there and not null.</summary>
    public bool Has(string name) => TryGet(name, out _);

    /// <summary>Whether the key is there and its value an object.</summary>
    public bool HasSection(string name) => TryGet(name, out JsonElement value) && value.ValueKind == JsonValueKind.Object;

    /// <summary>Whether the key is there and its value a text.</summary>
    public bool HasText(string name) => TryGet(name, out JsonElement value) && value.ValueKind == JsonValueKind.String;

    /// <summary>Whether the key is absent, or its value an empty list, object or text.</summary>
    public bool IsEmpty(string name) => !TryGet(name, out JsonElement value) || value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => value.GetPropertyCount() == 0,
        JsonValueKind.String => value.ValueEquals(""u8),
        _ => false,
    };

    /// <summary>The object under a key, or null.</summary>
    public JsonSection? Section(string name)
    {
        if (!TryGet(name, out JsonElement value)) return null;
        if (value.ValueKind != JsonValueKind.Object) throw WrongKind(name, value, "an object");
        return new JsonSection(value, fileName, $"{path}{name}.");
    }

    /// <summary>The whole number under a key, between two bounds.</summary>
    public int Integer(string name, int fallback, int least, int most)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return fallback >= least && fallback <= most
                ? fallback
                : throw Error($"says nothing of {KeyPath(name)}, and the default {fallback} is not between {least} and {most}");
        }
        return ToInteger(name, value, least, most);
    }

    /// <summary>A whole number or a list of them, or null when absent; an empty list counts as absent.</summary>
    public int[]? Integers(string name, int least, int most)
    {
        if (!TryGet(name, out JsonElement value)) return null;
        if (value.ValueKind != JsonValueKind.Array) return [ToInteger(name, value, least, most)];
        var list = new List<int>();
        foreach (JsonElement item in value.EnumerateArray()) list.Add(ToInteger(name, item, least, most));
        return list.Count == 0 ? null : [.. list];
    }

    /// <summary>
    /// The list of exactly <paramref name="count"/> numbers under a key, each at most <paramref name="most"/> in size; null when absent.
    /// </summary>
    public float[]? Numbers(string name, int count, double most)
    {
        if (!TryGet(name, out JsonElement value)) return null;
        if (value.ValueKind != JsonValueKind.Array) throw WrongKind(name, value, "a list");
        float[] list = new float[count];
        int n = 0;
        foreach (JsonElement item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number) throw WrongKind(name, item, "a list of numbers");
            if (!item.TryGetDouble(out double number) || !(Math.Abs(number) <= most))
                throw Error($"has {Shown(item)} in {KeyPath(name)}, which is not between -{most} and {most}");
            if (n < count) list[n] = (float)number;
            n++;
        }

        return n == count ? list : throw Error($"has {n} numbers in {KeyPath(name)}, which takes {count}");
    }

    /// <summary>The positive number under a key, no larger than a bound.</summary>
    public double Positive(string name, double fallback, double most)
    {
        if (!TryGet(name, out JsonElement value)) return fallback;
        if (value.ValueKind != JsonValueKind.Number) throw WrongKind(name, value, "a number");
        return value.TryGetDouble(out double number) && number > 0 && number <= most
            ? number
            : throw Error($"has {KeyPath(name)} = {Shown(value)}, which is not above 0 and at most {most}");
    }

    /// <summary>The probability under a key: at least 0 and below 1.</summary>
    public double Share(string name, double fallback)
    {
        if (!TryGet(name, out JsonElement value)) return fallback;
        if (value.ValueKind != JsonValueKind.Number) throw WrongKind(name, value, "a number");
        return value.TryGetDouble(out double number) && number is >= 0 and < 1
            ? number
            : throw Error($"has {KeyPath(name)} = {Shown(value)}, which is not at least 0 and below 1");
    }

    /// <summary>The keys of this object, in the file's order.</summary>
    public List<string> Keys()
    {
        var keys = new List<string>();
        foreach (JsonProperty property in element.EnumerateObject()) keys.Add(property.Name);
        return keys;
    }

    /// <summary>The number under a key, at most <paramref name="most"/> in size; null when absent.</summary>
    public double? Number(string name, double most)
    {
        if (!TryGet(name, out JsonElement value)) return null;
        if (value.ValueKind != JsonValueKind.Number) throw WrongKind(name, value, "a number");
        return value.TryGetDouble(out double number) && Math.Abs(number) <= most
            ? number
            : throw Error($"has {KeyPath(name)} = {Shown(value)}, which is not between -{most} and {most}");
    }

    /// <summary>The text under a key, or null.</summary>
    public string? Text(string name)
    {
        if (!TryGet(name, out JsonElement value)) return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw WrongKind(name, value, "a text");
    }

    /// <summary>The texts of the list under a key, or null.</summary>
    public List<string>? Texts(string name)
    {
        if (!TryGet(name, out JsonElement value)) return null;
        if (value.ValueKind != JsonValueKind.Array) throw WrongKind(name, value, "a list");
        var list = new List<string>();
        foreach (JsonElement item in value.EnumerateArray())
            list.Add(item.ValueKind == JsonValueKind.String ? item.GetString()! : throw WrongKind(name, item, "a list of texts"));
        return list;
    }

    /// <summary>Every key of this object with its text.</summary>
    public IEnumerable<KeyValuePair<string, string>> TextMap()
    {
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String) throw WrongKind(property.Name, property.Value, "a text");
            yield return new(property.Name, property.Value.GetString()!);
        }
    }

    /// <summary>The truth value under a key, or the fallback.</summary>
    public bool Flag(string name, bool fallback)
    {
        if (!TryGet(name, out JsonElement value)) return fallback;
        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw WrongKind(name, value, "true or false"),
        };
    }

    /// <summary>The full name of a key of this object, quoted, such as <c>'text_config.head_dim'</c>.</summary>
    public string KeyPath(string name) => MessageText.Quote(path + name);

    /// <summary>An error about this file: <paramref name="what"/> continues "config.json ...".</summary>
    public ModelFormatException Error(string what) => new($"{fileName} {what}.");

    private bool TryGet(string name, out JsonElement value) =>
        element.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    private int ToInteger(string name, JsonElement value, int least, int most)
    {
        if (value.ValueKind != JsonValueKind.Number) throw WrongKind(name, value, "a whole number");
        return value.TryGetInt32(out int number) && number >= least && number <= most
            ? number
            : throw Error($"has {KeyPath(name)} = {Shown(value)}, which is not a whole number between {least} and {most}");
    }

    private ModelFormatException WrongKind(string name, JsonElement value, string wanted) =>
        Error($"has {Kind(value)} in {KeyPath(name)} where {wanted} belongs");

    private static string Shown(JsonElement number) => number.GetRawText() is { Length: <= 40 } text ? text : "(a very long number)";

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
