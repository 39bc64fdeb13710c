using System.CommandLine;
using System.CommandLine.Parsing;

namespace VlmSharp.Cli.Errors;

/// <summary>Words of a command in front of the name of a command below it, which would go unheard: <c>eval vqav2 score vqa</c>.</summary>
internal static class MisplacedWords
{
    /// <summary>What is wrong with a command line, and what is meant perhaps; null for nothing.</summary>
    public static string? Problem(ParseResult parsed)
    {
        CommandResult command = parsed.CommandResult;
        while (command.Parent is CommandResult { Parent: not null } above)
        {
            string? word = above.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens).Select(t => t.Value).FirstOrDefault()
                ?? above.Children.OfType<OptionResult>().FirstOrDefault(o => !o.Implicit && !o.Option.Recursive)?.Option.Name;
            if (word is not null)
            {
                return $"{word} stands in front of '{command.Command.Name}', which is a command of its own and takes no such word there: "
                    + $"leave {word} out, or write ./{command.Command.Name} if you mean a file of that name.";
            }

            command = above;
        }

        return null;
    }
}
