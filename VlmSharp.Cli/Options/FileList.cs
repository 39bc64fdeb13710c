using System.CommandLine;
using System.CommandLine.Parsing;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Inputs;
using VlmSharp.Cli.Output;

namespace VlmSharp.Cli.Options;

/// <summary>
/// The pictures named on the command line. <c>-</c> is standard input: a picture, or a list with one path per line.
/// </summary>
internal static class FileList
{
    /// <summary>
    /// Makes an argument reject what looks like a misspelled option, such as --thread. Existing files and words after <c>--</c> are
    /// accepted.
    /// </summary>
    /// <param name="what">What it takes, for the error message.</param>
    public static void RefuseOptions(Argument argument, string what = "a path")
    {
        RefuseEmpty(argument, what);
        argument.Validators.Add(result =>
        {
            foreach (Token token in result.Tokens)
                if (token.Value.Length > 1 && token.Value[0] == '-' && !File.Exists(token.Value) && !LiteralWords.Has(token.Value))
                    result.AddError(CommandLineFault.UnknownOption(token.Value));
        });
    }

    /// <summary>Makes an option or argument reject "", which is what an unset variable of a script becomes.</summary>
    /// <param name="what">What it takes, for the error message.</param>
    public static void RefuseEmpty(Symbol symbol, string what = "a path") =>
        Refuse(symbol, string.IsNullOrWhiteSpace, $"{symbol.Name} is empty: give {what}.");

    /// <summary>Makes an option or argument for a folder that will be written reject the name of standard output.</summary>
    public static void RefuseStandardOutput(Symbol symbol) => Refuse(
        symbol,
        word => word == StandardOutput.Name,
        $"{symbol.Name} {StandardOutput.Name}: a folder is written here, and not standard output; give a folder's name, or "
            + $"./{StandardOutput.Name} for a folder of that name.");

    private static void Refuse(Symbol symbol, Func<string, bool> isRefused, string error)
    {
        if (symbol is Option option) option.Validators.Add(result => Check(result, result.Tokens));
        else ((Argument)symbol).Validators.Add(result => Check(result, result.Tokens));

        void Check(SymbolResult result, IEnumerable<Token> tokens)
        {
            if (tokens.Any(token => isRefused(token.Value))) result.AddError(error);
        }
    }

    /// <summary>
    /// Whether there may be several pictures, so that each answer needs its picture's name. Looks at standard input if it is named.
    /// </summary>
    public static bool AreMany(string[] arguments) => arguments.Length > 1
        || (arguments[0] == PictureInput.Standard && !PipedInput.Standard.IsPicture);

    /// <summary>All paths in order; - is a picture on standard input. A list on standard input is read as it arrives.</summary>
    public static IEnumerable<string> Expand(IEnumerable<string> arguments)
    {
        foreach (string argument in arguments)
        {
            if (argument != PictureInput.Standard || PipedInput.Standard.IsPicture)
            {
                yield return argument;
                continue;
            }

            TextReader lines = PipedInput.Standard.Text();
            bool isEmpty = true;
            while (lines.ReadLine() is { } line)
            {
                if (line.Trim() is not { Length: > 0 } path) continue;
                isEmpty = false;
                yield return path == PictureInput.Standard ? $"./{path}" : path;
            }

            if (isEmpty) throw new UsageException("Standard input is empty: give it a picture, or a list with one path a line.");
        }
    }
}
