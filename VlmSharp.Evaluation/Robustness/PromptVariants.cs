using System.Text.RegularExpressions;

namespace VlmSharp.Evaluation.Robustness;

/// <summary>Other words for the same question. The words that say the task, such as <c>answer en</c>, stay in front.</summary>
internal static partial class PromptVariants
{
    private const string Wordy = "look closely at the whole picture, at its corners, at what is far away and at what is in front, take all the time that you need, do not guess, and then tell me: ";

    private static readonly HashSet<string> Small = new(StringComparer.OrdinalIgnoreCase)
    {
        "a", "an", "the", "is", "are", "was", "were", "do", "does", "there", "this", "that", "these", "in", "on", "of", "to", "at", "it", "its", "please",
    };

    /// <summary>Much before the question that asks nothing.</summary>
    public static string VeryLong(string prompt) => Rewrite(prompt, rest => (Wordy + rest).TrimEnd(' ', ':'));

    /// <summary>The telling words alone; of a task without a question its first word.</summary>
    public static string VeryShort(string prompt) => Rewrite(prompt, rest => string.Join(' ', rest.Split(' ').Where(word => !Small.Contains(word)))) is var text
        && TaskWords().Match(text) is { Success: true } task && task.Length >= text.Length ? text.Split(' ')[0] : text;

    /// <summary>The question about a picture that might be.</summary>
    public static string Hypothetical(string prompt) => Rewrite(prompt, rest => $"if a friend had sent you this picture, what would you say: {rest}".TrimEnd(' ', ':'));

    /// <summary>Questions of how many in other words; other questions as they are.</summary>
    public static string Counting(string prompt) => HowMany().Replace(prompt, "what is the number of ", 1);

    private static string Rewrite(string prompt, Func<string, string> rest)
    {
        Match task = TaskWords().Match(prompt);
        string asked = rest(prompt[task.Length..]);
        return $"{task.Value.TrimEnd()} {asked}".Trim();
    }

    [GeneratedRegex("^(?:caption|answer) [a-z]{2}(?: |$)", RegexOptions.CultureInvariant)]
    private static partial Regex TaskWords();

    [GeneratedRegex("how many ", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex HowMany();
}
