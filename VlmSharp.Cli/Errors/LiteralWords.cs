namespace VlmSharp.Cli.Errors;

/// <summary>
/// The words after <c>--</c> on the command line, which are never options. The library does not distinguish them from unknown options.
/// </summary>
internal static class LiteralWords
{
    private static HashSet<string> words = [];

    /// <summary>Stores the words before the command line is parsed.</summary>
    /// <param name="arguments">The whole command line.</param>
    public static void Note(string[] arguments) =>
        words = Array.IndexOf(arguments, "--") is var at and >= 0 ? [.. arguments[(at + 1)..]] : [];

    /// <summary>Whether a word is after <c>--</c>.</summary>
    public static bool Has(string word) => words.Contains(word);
}
