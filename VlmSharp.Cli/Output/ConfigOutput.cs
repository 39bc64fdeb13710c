using System.CommandLine;
using System.Text.Json;

namespace VlmSharp.Cli.Output;

/// <summary>The options of a command as a file that <c>--config</c> takes: what counts, wherever it was said.</summary>
internal static class ConfigOutput
{
    /// <summary>One object, an option a line.</summary>
    /// <param name="options">The options, in their order.</param>
    /// <param name="parsed">Their values.</param>
    public static string Of(IEnumerable<Option> options, ParseResult parsed)
    {
        IEnumerable<string> lines = options.Select(option => $"  {JsonOutput.ToText(json => json.WriteStringValue(option.Name.TrimStart('-').Replace('-', '_')))}: {JsonOutput.ToText(json => Write(json, parsed.GetResult(option)?.GetValueOrDefault<object>()))}");
        return $"{{\n{string.Join(",\n", lines)}\n}}";
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
