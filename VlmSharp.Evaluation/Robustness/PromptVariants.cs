using System.Text.RegularExpressions;

namespace VlmSharp.Evaluation.Robustness;

/// <summary>Rewordings of the same question. The words that name the task, such as <c>answer en</c>, stay in front.</summary>
internal static partial class PromptVariants
{
    private const string Wordy = "look closely at the whole picture, at its corners, at what is far away and at what is in front, "
        + "take all the time that you need, do not guess, and then tell me: ";

    private static readonly HashSet<string> Small = new(StringComparer.OrdinalIgnoreCase)
    {
        "a", "an", "the", "is", "are", "was", "were", "do", "does", "there", "this", "that", "these",
        "in", "on", "of", "to", "at", "it", "its", "please",
    };

    /// <summary>Adds a long text before the question that asks nothing.</summary>
    public static string VeryLong(string prompt) => Rewrite(prompt, rest => (Wordy + rest).TrimEnd(' ', ':'));

    /// <summary>Keeps only the content words; for a task without a question, only its first word.</summary>
    public static string VeryShort(string prompt)
    {
        string text = Rewrite(prompt, rest => string.Join(' ', rest.Split(' ').Where(word => !Small.Contains(word))));
        Match task = TaskWords().Match(text);
        return task.Success && task.Length >= text.Length ? text.Split(' ')[0] : text;
    }

    /// <summary>Asks the question in a hypothetical form.</summary>
    public static string Hypothetical(string prompt) =>
        Rewrite(prompt, rest => $"if a friend had sent you this picture, what would you say: {rest}".TrimEnd(' ', ':'));

    /// <summary>Rewords "how many" questions; other questions stay unchanged.</summary>
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
