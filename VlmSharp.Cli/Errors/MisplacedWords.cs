using System.CommandLine;
using System.CommandLine.Parsing;

namespace VlmSharp.Cli.Errors;

/// <summary>Words of a command before the name of its subcommand, which would be ignored: <c>eval vqav2 score vqa</c>.</summary>
internal static class MisplacedWords
{
    /// <summary>The error in a command line and its likely correction; null if there is no error.</summary>
    public static string? Problem(ParseResult parsed)
    {
        CommandResult command = parsed.CommandResult;
        while (command.Parent is CommandResult { Parent: not null } above)
        {
            string? word = above.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens).Select(t => t.Value).FirstOrDefault()
                ?? above.Children.OfType<OptionResult>().FirstOrDefault(o => !o.Implicit && !o.Option.Recursive)?.Option.Name;
            if (word is not null)
            {
                return $"{word} comes before '{command.Command.Name}', which is a separate command and takes no such word there: "
                    + $"leave {word} out, or write ./{command.Command.Name} if you mean a file of that name.";
            }

            command = above;
        }

        return null;
    }
}
