using System.CommandLine;
using System.CommandLine.Parsing;

namespace VlmSharp.Cli.Errors;

/// <summary>What is wrong with a command line.</summary>
/// <param name="Problems">The errors, one sentence each.</param>
/// <param name="Hints">What its author may have meant, one sentence each.</param>
internal sealed record CommandLineFault(IReadOnlyList<string> Problems, IReadOnlyList<string> Hints)
{
    /// <summary>The faults of a command line; null if there are none.</summary>
    /// <param name="words">The command line.</param>
    /// <param name="parsed">What the library made of it.</param>
    public static CommandLineFault? Of(string[] words, ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        if (OptionHints.OneDash(words, command) is { } oneDash)
        {
            return new CommandLineFault(
                [$"Unknown option {oneDash}: options of more than one letter have two dashes."], HintsFor([oneDash], command));
        }

        if (FirstWord(parsed.CommandResult) is { } word && OptionHints.Subcommand(word, command) is not null)
        {
            return new CommandLineFault(
                [$"{word} does not exist, and '{command.Name}' has no command of that name."], HintsFor([word], command));
        }

        string[] unknown = UnknownWords(parsed), errors = [.. parsed.Errors.Select(MessageOf)];
        if (unknown.Length > 0) // other errors follow from these words
        {
            string[] told = [.. errors.Where(error => unknown.Any(word => Names(error, word)))];
            string[] untold = [.. unknown.Where(word => !told.Any(error => Names(error, word))).Select(UnknownOption)];
            return new CommandLineFault([.. told, .. untold], HintsFor(unknown, command));
        }

        if (errors.Length > 0) return new CommandLineFault(errors, []);
        return MisplacedWords.Problem(parsed) is { } problem ? new CommandLineFault([problem], []) : null;
    }

    /// <summary>The error for a word that looks like an option where something else is expected.</summary>
    public static string UnknownOption(string word) => $"Unknown option {word}; if it is meant as it stands, write -- before it.";

    private static bool Names(string error, string word) => error.Contains(word, StringComparison.Ordinal);

    private static string[] HintsFor(IEnumerable<string> words, Command command) =>
        [.. words.Select(word => OptionHints.For(word, command)).OfType<string>().Distinct()];

    /// <summary>The first word that an argument took, in a command that has commands below it; otherwise null.</summary>
    private static string? FirstWord(CommandResult command) => command.Command.Subcommands.Count == 0 ? null
        : command.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens).Select(t => t.Value)
            .FirstOrDefault(word => !word.StartsWith('-') && !LiteralWords.Has(word));

    /// <summary>
    /// The words that a command does not know: its unknown options if there are any, since their values are not known either; for a command
    /// name only the first word; and words that an argument has refused.
    /// </summary>
    private static string[] UnknownWords(ParseResult parsed)
    {
        string[] refused =
        [
            .. parsed.UnmatchedTokens,
            .. parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens).Select(t => t.Value)
                .Where(t => t.StartsWith("--", StringComparison.Ordinal) && !t.Contains(' ', StringComparison.Ordinal) && !File.Exists(t)
                    && !LiteralWords.Has(t)),
        ];
        string[] options = [.. refused.Where(word => word.StartsWith('-'))];
        return options.Length > 0 ? options : parsed.CommandResult.Command.Subcommands.Count > 0 ? [.. refused.Take(1)] : refused;
    }

    /// <summary>
    /// The error message. For a missing argument, the library's message does not say which one; and it writes the values of an option in
    /// lines of their own.
    /// </summary>
    public static string MessageOf(ParseError error)
    {
        if (error.SymbolResult is ArgumentResult { Tokens.Count: 0, Argument: var missing, Parent: CommandResult })
            return $"{missing.Name} is missing: {missing.Description}";
        string[] lines = error.Message.Split($"{Environment.NewLine}\t");
        if (lines.Length == 1) return error.Message;
        var option = (error.SymbolResult as OptionResult) ?? error.SymbolResult?.Parent as OptionResult;
        string of = option is null ? "" : $"{option.Option.Name}: ";
        return $"{of}{lines[0]} {string.Join(", ", lines[1..])}.";
    }
}
