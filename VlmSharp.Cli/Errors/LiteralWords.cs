namespace VlmSharp.Cli.Errors;

/// <summary>
/// The words of the command line behind <c>--</c>, none of which is an option. The library does not tell them from unknown options.
/// </summary>
internal static class LiteralWords
{
    private static HashSet<string> words = [];

    /// <summary>Notes them, before the command line is read.</summary>
    /// <param name="arguments">The whole command line.</param>
    public static void Note(string[] arguments) =>
        words = Array.IndexOf(arguments, "--") is var at and >= 0 ? [.. arguments[(at + 1)..]] : [];

    /// <summary>Whether a word stands there.</summary>
    public static bool Has(string word) => words.Contains(word);
}
