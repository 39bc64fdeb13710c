using System.CommandLine;

namespace VlmSharp.Cli.Errors;

/// <summary>How a command line is parsed.</summary>
internal static class CommandWords
{
    /// <summary>Words are taken literally: a question may begin with @, which would otherwise name a file of arguments.</summary>
    public static readonly ParserConfiguration AsTheyAre = new() { ResponseFileTokenReplacer = null };
}
