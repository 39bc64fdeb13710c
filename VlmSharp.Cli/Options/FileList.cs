using System.CommandLine;
using System.CommandLine.Parsing;

namespace VlmSharp.Cli.Options;

/// <summary>The files named on the command line, where <c>-</c> stands for a list on standard input, one path a line.</summary>
internal static class FileList
{
    /// <summary>Has an argument refuse what looks like a misspelled option: nobody means a file named --thread.</summary>
    public static void RefuseOptions(Argument argument)
    {
        RefuseEmpty(argument);
        argument.Validators.Add(result =>
        {
            foreach (Token token in result.Tokens)
                if (token.Value.Length > 1 && token.Value[0] == '-' && !File.Exists(token.Value))
                    result.AddError($"Unknown option {token.Value}; for a file of that name write ./{token.Value}.");
        });
    }

    /// <summary>Has a path's option or argument refuse "", which is what a script's unset variable becomes.</summary>
    public static void RefuseEmpty(Symbol symbol)
    {
        if (symbol is Option option) option.Validators.Add(result => Refuse(result, result.Tokens));
        else ((Argument)symbol).Validators.Add(result => Refuse(result, result.Tokens));

        void Refuse(SymbolResult result, IEnumerable<Token> tokens)
        {
            if (tokens.Any(token => token.Value.Length == 0)) result.AddError($"{symbol.Name} is empty: give a path.");
        }
    }

    /// <summary>Every path, in order; standard input is read as it comes.</summary>
    public static IEnumerable<string> Expand(IEnumerable<string> arguments, TextReader input)
    {
        foreach (string argument in arguments)
        {
            if (argument != "-")
            {
                yield return argument;
                continue;
            }

            while (input.ReadLine() is { } line)
                if (line.Trim() is { Length: > 0 } path) yield return path;
        }
    }
}
