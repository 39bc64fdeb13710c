using System.Text.Json;

namespace VlmSharp.Training.Data;

/// <summary>
/// Members of a JSON object of a data file. An error is a <see cref="FormatException"/> whose message continues
/// "train.jsonl:12: ..."; readers catch it and add the place. Null counts as absent.
/// </summary>
internal static class JsonFields
{
    /// <summary>Each name may occur only once: with two suffixes it is unclear which one is meant.</summary>
    public static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false };

    /// <summary>Parses a text, uses it, and turns every error into a <see cref="FormatException"/>.</summary>
    public static T Parse<T>(ReadOnlyMemory<byte> json, Func<JsonElement, T> use)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, Options);
            return use(document.RootElement);
        }
        catch (JsonException e)
        {
            string reason = e.Message.Split(" LineNumber:")[0].TrimEnd('.'); // the line is the caller's
            throw new FormatException(
                $"it is not valid JSON ({MessageText.Sentence(reason)}{(e.BytePositionInLine is { } at ? $", at byte {at}" : "")})", e);
        }
        catch (InvalidOperationException e)
        {
            throw new FormatException("it holds a text that is not valid Unicode", e); // bytes that are no UTF-8, or half a surrogate pair
        }
    }

    /// <summary>The value under a name, unless it is null.</summary>
    public static bool TryGet(JsonElement o, string name, out JsonElement value)
    {
        value = default;
        return o.ValueKind == JsonValueKind.Object && o.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;
    }

    /// <summary>A text, or null.</summary>
    public static string? Text(JsonElement o, string name) =>
        !TryGet(o, name, out JsonElement value) ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() : throw new FormatException($"\"{name}\" is not a text");

    /// <summary>A text that must be there.</summary>
    public static string RequiredText(JsonElement o, string name) => Text(o, name) ?? throw new FormatException($"it has no \"{name}\"");

    /// <summary>A text, or a list of texts; null where there is neither.</summary>
    public static string[]? Texts(JsonElement o, string name, int most)
    {
        if (!TryGet(o, name, out JsonElement value)) return null;
        if (value.ValueKind == JsonValueKind.String) return [value.GetString()!];
        if (value.ValueKind != JsonValueKind.Array) throw new FormatException($"\"{name}\" is neither a text nor a list of texts");
        int count = value.GetArrayLength();
        if (count > most) throw new FormatException($"\"{name}\" has {count} entries, more than {most}");
        return [.. value.EnumerateArray().Select(e => e.ValueKind == JsonValueKind.String ? e.GetString()!
            : throw new FormatException($"\"{name}\" has an entry that is not a text"))];
    }

    /// <summary>An id: a text, or a number as it is written.</summary>
    public static string? Id(JsonElement o, string name) =>
        !TryGet(o, name, out JsonElement value) ? null
        : value.ValueKind == JsonValueKind.Number ? value.GetRawText()
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : throw new FormatException($"\"{name}\" is neither a text nor a number");

    /// <summary>A whole number that must be there.</summary>
    public static long Whole(JsonElement o, string name, long least = long.MinValue, long most = long.MaxValue) =>
        TryGet(o, name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number)
            && number >= least && number <= most
            ? number
            : throw new FormatException(
                $"it has no whole number {(least == long.MinValue ? "" : $"from {least} to {most} ")}under \"{name}\"");

    /// <summary>A list of so many finite numbers that must be there.</summary>
    public static double[] Numbers(JsonElement list, string name, int? count, int most)
    {
        if (list.ValueKind != JsonValueKind.Array) throw new FormatException($"\"{name}\" is not a list of numbers");
        int length = list.GetArrayLength();
        if (length > most || (count is { } needed && length != needed))
            throw new FormatException($"\"{name}\" has {length} numbers, where {(count is null ? "at most " : "")}{count ?? most} belong");
        var numbers = new double[length];
        int i = 0;
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetDouble(out double number) || !double.IsFinite(number))
                throw new FormatException($"\"{name}\" has an entry that is not a number");
            numbers[i++] = number;
        }

        return numbers;
    }
}
