using System.Globalization;
using System.Text.Json;
using VlmSharp.Server.Errors;

namespace VlmSharp.Server.Protocol;

/// <summary>
/// Reads values of a request at the reader's position: before a call it is on a value's first token, afterwards on its last one. null
/// counts as absent. A value of another kind or over a limit is an <see cref="ApiException"/> that names the member.
/// </summary>
internal static class JsonValues
{
    /// <summary>Begins an object.</summary>
    public static void BeginObject(ref Utf8JsonReader json, string? param)
    {
        if (json.TokenType != JsonTokenType.StartObject) throw Wrong(param, "an object");
    }

    /// <summary>Moves to the next member of an object, or past its last one.</summary>
    /// <param name="json">
    /// On the object's beginning, or on the last token of the previous member; afterwards on the first token of the member's value.
    /// </param>
    /// <param name="name">Its name, "" if there are no more.</param>
    /// <returns>Whether there is one.</returns>
    public static bool NextMember(ref Utf8JsonReader json, out string name)
    {
        json.Read();
        name = "";
        if (json.TokenType == JsonTokenType.EndObject) return false;
        name = json.ValueSpan.Length <= 64 ? Decoded(ref json, null) : "(a long name)";
        // messages repeat names, and logs and terminals show messages
        if (name.Any(char.IsControl)) name = "(a name with control characters)";
        json.Read();
        return true;
    }

    /// <summary>
    /// Moves to the next member of an object and refuses duplicates. Parsers differ in which of two equal names they use: one that checks
    /// requests before this server may see the other value.
    /// </summary>
    /// <param name="json">Inside the object; afterwards on the member's value.</param>
    /// <param name="seen">The object's members so far.</param>
    /// <param name="name">Receives the member's name; empty after the last member.</param>
    public static bool NextMember(ref Utf8JsonReader json, HashSet<string> seen, out string name)
    {
        if (!NextMember(ref json, out name)) return false;
        return seen.Add(name) ? true : throw Twice(name);
    }

    /// <summary>Goes on to the next item of an array, or past its last one.</summary>
    public static bool NextItem(ref Utf8JsonReader json) => json.Read() && json.TokenType != JsonTokenType.EndArray;

    /// <summary>A text, or null.</summary>
    /// <param name="json">On the value.</param>
    /// <param name="param">The member, for messages.</param>
    /// <param name="most">The most characters.</param>
    public static string? Text(ref Utf8JsonReader json, string param, int most)
    {
        if (json.TokenType == JsonTokenType.Null) return null;
        if (json.TokenType != JsonTokenType.String) throw Wrong(param, "a text");
        // An escaped character has at most 12 bytes, another one at most 3: a text that is too long is not decoded.
        if (json.ValueSpan.Length > 12L * most) throw TooLong(param, most);
        string text = Decoded(ref json, param);
        return text.Length <= most ? text : throw TooLong(param, most);
    }

    /// <summary>true or false, or null.</summary>
    public static bool? Flag(ref Utf8JsonReader json, string param) => json.TokenType switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw Wrong(param, "true or false"),
    };

    /// <summary>A number within limits, or null.</summary>
    public static float? Number(ref Utf8JsonReader json, string param, double least, double most)
    {
        if (json.TokenType == JsonTokenType.Null) return null;
        if (json.TokenType != JsonTokenType.Number || !json.TryGetDouble(out double value) || !(value >= least && value <= most))
            throw Wrong(param, string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"));
        return (float)value;
    }

    /// <summary>A whole number within limits, or null.</summary>
    public static long? Whole(ref Utf8JsonReader json, string param, long least, long most)
    {
        if (json.TokenType == JsonTokenType.Null) return null;
        if (json.TokenType == JsonTokenType.Number && TryWhole(ref json, out long value) && value >= least && value <= most) return value;
        throw Wrong(
            param,
            least == long.MinValue
                ? "a whole number of 64 bits"
                : string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}"));
    }

    /// <summary>A whole number of 32 bits within limits, or null.</summary>
    public static int? Count(ref Utf8JsonReader json, string param, int least, int most) => (int?)Whole(ref json, param, least, most);

    /// <summary>Texts: one, or an array of them; null for none.</summary>
    public static IReadOnlyList<string> Texts(ref Utf8JsonReader json, string param, int most, int characters)
    {
        if (json.TokenType == JsonTokenType.Null) return [];
        if (json.TokenType == JsonTokenType.String) return [Text(ref json, param, characters)!];
        if (json.TokenType != JsonTokenType.StartArray) throw Wrong(param, "a text or an array of texts");
        var all = new List<string>();
        while (NextItem(ref json))
        {
            if (all.Count == most) throw ApiException.Invalid($"{param} has more than {most} texts: give fewer.", param);
            all.Add(Text(ref json, param, characters) ?? throw Wrong(param, "texts, not null"));
        }

        return all;
    }

    /// <summary>The error of a value of another kind.</summary>
    public static ApiException Wrong(string? param, string wanted) =>
        ApiException.Invalid(param is null ? $"The body is not {wanted}." : $"{param} must be {wanted}.", param, "invalid_type");

    /// <summary>The error of a member that an object has already.</summary>
    public static ApiException Twice(string param) =>
        ApiException.Invalid($"{param} is given twice: leave one out.", param, "duplicate_parameter");

    /// <summary>A string's characters; half of a surrogate pair is no text.</summary>
    private static string Decoded(ref Utf8JsonReader json, string? param)
    {
        try
        {
            return json.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw ApiException.Invalid(
                $"{param ?? "A name"} holds bytes or half of a surrogate pair that are no text: send UTF-8.", param, "invalid_text");
        }
    }

    private static ApiException TooLong(string param, int most) =>
        ApiException.Invalid($"{param} has more than {most} characters: shorten it.", param, "string_above_max_length");

    /// <summary>Also accepts 2.0, because some clients write whole numbers so.</summary>
    private static bool TryWhole(ref Utf8JsonReader json, out long value)
    {
        if (json.TryGetInt64(out value)) return true;
        if (!json.TryGetDouble(out double number) || Math.Floor(number) != number || Math.Abs(number) > 1L << 53) return false;
        value = (long)number;
        return true;
    }
}
