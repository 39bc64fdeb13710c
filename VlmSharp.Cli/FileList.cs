namespace VlmSharp.Cli;

/// <summary>The files named on the command line, where <c>-</c> stands for a list on standard input, one path a line.</summary>
internal static class FileList
{
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
