using System.Text.RegularExpressions;

namespace VlmSharp.Evaluation.Captions;

/// <summary>
/// One shape that a token can have. At each place of a text the rule that reaches farthest wins, of equals the first; so rules need not
/// know of each other, and a later one is what is left when none before it fits.
/// </summary>
internal sealed class PtbRule
{
    private readonly Regex pattern;
    private readonly Func<string, string>? write;

    /// <summary>Makes a rule.</summary>
    /// <param name="pattern">The shape. Letters mean both cases, but not inside <c>(?-i: )</c>.
    /// Where it has a group, the group alone is the token, and the rest what must follow: it counts for how far the rule reaches.</param>
    /// <param name="write">How the token is written, where that is not as it stands in the text.</param>
    public PtbRule(string pattern, Func<string, string>? write = null)
    {
        this.pattern = new Regex($@"\G(?:{pattern})", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);
        this.write = write;
    }

    /// <summary>Makes a rule whose tokens are all written the same.</summary>
    public PtbRule(string pattern, string token) : this(pattern, _ => token)
    {
    }

    /// <summary>Whether the token is a word with a period of its own that may stand for the sentence's period too.</summary>
    public bool MayEndSentence { get; init; }

    /// <summary>Tries the rule at a place.</summary>
    /// <returns>How many characters it reaches, 0 where it does not fit; and the token, as it stands in the text.</returns>
    public (int Reach, string Token) At(string text, int place)
    {
        Match match = pattern.Match(text, place);
        return !match.Success ? (0, "") : (match.Length, match.Groups[1].Success ? match.Groups[1].Value : match.Value);
    }

    /// <summary>How the token is written.</summary>
    public string Write(string token) => write is null ? token : write(token);
}
