using System.CommandLine;
using System.Text.Json;
using VlmSharp.Cli.Errors;

namespace VlmSharp.Cli.Options;

/// <summary>
/// Options from a JSON file, such as <c>{"lr": 2e-4, "full": true, "freeze": ["vision"]}</c>. The command line takes precedence.
/// </summary>
internal static class ConfigFile
{
    private const int MostBytes = 1 << 20;

    /// <summary>Parses the command line again with the options of the file added.</summary>
    /// <param name="config">The option that names the file.</param>
    /// <returns>All options.</returns>
    /// <exception cref="UsageException">The file is too large or no JSON object, or has an unknown option or an invalid value.</exception>
    public static ParseResult Merge(Command command, ParseResult parsed, Option<string?> config)
    {
        if (parsed.GetValue(config) is not { } path) return parsed;
        List<string> words = OwnWords(command, parsed);
        foreach ((string name, JsonElement value) in Read(path))
        {
            string dashed = "--" + name.Replace('_', '-');
            Option? option = command.Options.FirstOrDefault(o => o.Name == dashed);
            if (option is null)
            {
                string hint = OptionHints.For("--" + name, command) is { } found ? $" {found}" : "";
                throw new UsageException($"{path} has '{name}', and '{command.Name}' has no option {dashed}.{hint}");
            }

            if (parsed.GetResult(option) is { Implicit: false }) continue;
            words.AddRange(Words(path, option, value));
        }

        ParseResult merged = command.Parse(words, CommandWords.AsTheyAre);
        return merged.Errors.Count == 0 ? merged : throw new UsageException($"{path}: {CommandLineFault.MessageOf(merged.Errors[0])}");
    }

    /// <summary>The command's own words of a command line: those after its name, or all of them if it was parsed alone.</summary>
    public static List<string> OwnWords(Command command, ParseResult parsed)
    {
        IEnumerable<string> words = parsed.Tokens.Select(t => t.Value);
        return parsed.RootCommandResult.Command == command ? [.. words] : [.. words.SkipWhile(t => t != command.Name).Skip(1)];
    }

    private static IEnumerable<string> Words(string path, Option option, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => [option.Name],
        JsonValueKind.False or JsonValueKind.Null => [],
        JsonValueKind.String => [option.Name, value.GetString()!],
        JsonValueKind.Number => [option.Name, value.GetRawText()],
        JsonValueKind.Array => value.EnumerateArray().SelectMany(item => Words(path, option, item)),
        _ => throw new UsageException(
            $"{path}: '{option.Name[2..]}' is an object; give a text, a number, true or false, or a list of them."),
    };

    private static List<(string Name, JsonElement Value)> Read(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MostBytes) throw new UsageException($"{path} is larger than a file of options can be.");
            var lenient = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path), lenient);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? [.. document.RootElement.EnumerateObject().Select(p => (p.Name, p.Value.Clone()))]
                : throw new UsageException($"{path} is not an object of options, such as {{\"lr\": 2e-4}}.");
        }
        catch (JsonException e)
        {
            throw new UsageException($"{path} is not JSON: {e.Message}");
        }
    }
}
