using System.CommandLine;

namespace VlmSharp.Cli.Errors;

/// <summary>How a command line is read, and what options add to one.</summary>
internal static class CommandWords
{
    /// <summary>Words are what they are: a question may begin with @, which would else name a file with more of the command line.</summary>
    public static readonly ParserConfiguration AsTheyAre = new() { ResponseFileTokenReplacer = null };
}
