using System.CommandLine;
using VlmSharp.Cli.Errors;

namespace VlmSharp.Cli.Options;

/// <summary>
/// Options from the environment: <c>--max-queue</c> is <c>VLMSHARP_MAX_QUEUE</c>. The command line takes precedence over them, and they
/// take precedence over a file.
/// </summary>
internal static class EnvironmentOptions
{
    private const string Prefix = "VLMSHARP_";

    /// <summary>The name of an option's variable.</summary>
    public static string NameOf(Option option) => Prefix + option.Name.TrimStart('-').Replace('-', '_').ToUpperInvariant();

    /// <summary>Parses the command line again with the options of the environment added.</summary>
    /// <param name="read">Returns the value of a variable, or null.</param>
    /// <returns>All options.</returns>
    /// <exception cref="UsageException">The value of a variable is not valid for its option.</exception>
    public static ParseResult Merge(Command command, ParseResult parsed, Func<string, string?> read)
    {
        List<string> words = ConfigFile.OwnWords(command, parsed);
        foreach (Option option in command.Options.Where(o => parsed.GetResult(o) is null or { Implicit: true }))
            if (read(NameOf(option)) is { Length: > 0 } value) words.AddRange(Words(option, value));
        ParseResult merged = command.Parse(words, CommandWords.AsTheyAre);
        return merged.Errors.Count == 0
            ? merged
            : throw new UsageException($"In the environment ({Prefix}...): {CommandLineFault.MessageOf(merged.Errors[0])}");
    }

    private static IEnumerable<string> Words(Option option, string value)
    {
        if (option.ValueType == typeof(bool))
        {
            return value.ToLowerInvariant() switch
            {
                "1" or "true" or "yes" => [option.Name],
                "0" or "false" or "no" => [option.Name, "false"],
                _ => throw new UsageException($"{NameOf(option)} '{value}': give true or false."),
            };
        }

        return option.ValueType.IsArray ? value.Split(',').SelectMany(part => (string[])[option.Name, part]) : [option.Name, value];
    }
}
