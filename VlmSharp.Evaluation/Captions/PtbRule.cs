using System.Text.RegularExpressions;

namespace VlmSharp.Evaluation.Captions;

/// <summary>
/// One form that a token can have. At each position of a text the rule with the longest reach wins; among equals, the first. Rules
/// therefore need not know of each other, and a later rule applies if no earlier one fits better.
/// </summary>
internal sealed class PtbRule
{
    private readonly Regex pattern;
    private readonly Func<string, string>? write;

    /// <summary>Makes a rule.</summary>
    /// <param name="pattern">The form. Letters match both cases, except inside <c>(?-i: )</c>.
    /// If the pattern has a group, only the group is the token. The rest must follow it and counts toward the rule's reach.</param>
    /// <param name="write">How the token is written, if not as in the text.</param>
    public PtbRule(string pattern, Func<string, string>? write = null)
    {
        this.pattern = new Regex($@"\G(?:{pattern})", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);
        this.write = write;
    }

    /// <summary>Makes a rule whose tokens are all written in the same way.</summary>
    public PtbRule(string pattern, string token) : this(pattern, _ => token)
    {
    }

    /// <summary>Whether the token is a word with its own period, which may also end the sentence.</summary>
    public bool MayEndSentence { get; init; }

    /// <summary>Tries the rule at a position.</summary>
    /// <returns>How many characters it reaches, 0 if it does not fit; and the token as in the text.</returns>
    public (int Reach, string Token) At(string text, int place)
    {
        Match match = pattern.Match(text, place);
        return !match.Success ? (0, "") : (match.Length, match.Groups[1].Success ? match.Groups[1].Value : match.Value);
    }

    /// <summary>How the token is written.</summary>
    public string Write(string token) => write is null ? token : write(token);
}
