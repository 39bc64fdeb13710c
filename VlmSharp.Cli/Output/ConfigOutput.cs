using System.CommandLine;
using System.Text.Json;

namespace VlmSharp.Cli.Output;

/// <summary>The options of a command as a file for <c>--config</c>: the effective values, wherever they were set.</summary>
internal static class ConfigOutput
{
    /// <summary>One object, with one option per line.</summary>
    /// <param name="options">The options, in order.</param>
    /// <param name="parsed">Their values.</param>
    public static string Of(IEnumerable<Option> options, ParseResult parsed)
    {
        IEnumerable<string> lines = options.Select(option => $"  {NameOf(option)}: {ValueOf(option)}");
        return $"{{\n{string.Join(",\n", lines)}\n}}";

        static string NameOf(Option option) =>
            JsonOutput.ToText(json => json.WriteStringValue(option.Name.TrimStart('-').Replace('-', '_')));

        string ValueOf(Option option) =>
            JsonOutput.ToText(json => Write(json, parsed.GetResult(option)?.GetValueOrDefault<object>()));
    }

    private static void Write(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null: json.WriteNullValue(); break;
            case bool flag: json.WriteBooleanValue(flag); break;
            case int number: json.WriteNumberValue(number); break;
            case long number: json.WriteNumberValue(number); break;
            case double number: json.WriteNumberValue(number); break;
            case string[] texts:
                json.WriteStartArray();
                foreach (string text in texts) json.WriteStringValue(text);
                json.WriteEndArray();
                break;
            default: json.WriteStringValue(value.ToString()); break;
        }
    }
}
