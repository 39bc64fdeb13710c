using System.Globalization;
using System.Text;

namespace VlmSharp.Evaluation.Captions;

/// <summary>
/// Words as the Penn Treebank has them, in lower case: what captions are made of before BLEU, ROUGE-L and CIDEr count words. Gives what
/// Stanford's PTBTokenizer 3.4.1 gives with <c>-preserveLines -lowerCase</c>, which the scripts of COCO's captions call
/// (Chen et al. 2015, "Microsoft COCO Captions", section 3), on one caption by itself.
/// </summary>
/// <remarks>
/// Those scripts join all captions by line breaks before they call the tokenizer, so that a vertical tab, a form feed or U+2028 in one
/// caption moves every later caption to a wrong picture. Here they are spaces.
/// </remarks>
public static class PtbTokenizer
{
    /// <summary>What the scripts drop. The brackets never are: the tokenizer writes them in lower case, so they stay, as words.</summary>
    private static readonly HashSet<string> Punctuation = new(StringComparer.Ordinal)
    {
        "''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", ".", "?", "!", ",", ":", "-", "--", "...", ";",
    };

    private static readonly HashSet<string> Joined = new(StringComparer.OrdinalIgnoreCase)
    {
        "cannot", "gonna", "gotta", "wanna", "lemme", "gimme",
    };

    /// <summary>The words of a caption, without punctuation, joined by single spaces: what the metrics take.</summary>
    /// <param name="caption">Any text.</param>
    /// <returns>The words; empty where there are none.</returns>
    public static string Words(string caption) => string.Join(' ', Tokenize(caption).Where(token => !Punctuation.Contains(token)));

    /// <summary>All tokens of a caption, punctuation too.</summary>
    /// <param name="caption">Any text.</param>
    /// <returns>Tokens in lower case. Those few that have a space inside, such as telephone numbers, have it as U+00A0.</returns>
    public static IReadOnlyList<string> Tokenize(string caption)
    {
        string text = Visible(caption);
        var tokens = new List<string>();
        for (int place = 0; place < text.Length;)
        {
            if (text[place] == ' ') place++;
            else if (PlainWord(text, place) is > 0 and var letters) place += Add(text.Substring(place, letters));
            else if (Longest(text, place) is (PtbRule rule, string token))
            {
                place += token.Length;
                Add(rule.Write(token));
                // "He lives in the U.S." has one period for two.
                if (rule.MayEndSentence && place == text.Length) Add(".");
            }
            else place++; // no token: an emoji, half a character
        }

        return tokens;

        int Add(string token)
        {
            tokens.Add(token.ToLowerInvariant());
            return token.Length;
        }
    }

    /// <summary>The rule that reaches farthest, of equals the first, and its token as it stands in the text.</summary>
    private static (PtbRule Rule, string Token)? Longest(string text, int place)
    {
        (PtbRule, string)? longest = null;
        int most = 0;
        foreach (PtbRule rule in PtbRules.All)
        {
            (int reach, string token) = rule.At(text, place);
            if (reach > most) (most, longest) = (reach, (rule, token));
        }

        return longest;
    }

    /// <summary>The length of what is a word by any rule: letters between spaces. Most of a caption is, and needs no rules tried.</summary>
    private static int PlainWord(string text, int place)
    {
        int end = place;
        while (end < text.Length && char.IsAsciiLetter(text[end])) end++;
        return (end == text.Length || text[end] == ' ') && !Joined.Contains(text[place..end]) ? end - place : 0;
    }

    /// <summary>The text with a space for all that separates, and without what has no width; no space at its ends.</summary>
    private static string Visible(string caption)
    {
        var text = new StringBuilder(caption.Length);
        foreach (char c in caption)
        {
            if (IsSpace(c) || (char.IsControl(c) && c is < '\u0080' or '\u0085')) text.Append(' ');
            else if (!IsInvisible(c)) text.Append(c);
        }

        return text.ToString().Trim(' ');
    }

    private static bool IsSpace(char c) =>
        char.GetUnicodeCategory(c) is UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    /// <summary>Soft hyphens, joiners and other marks of format, and what chooses the look of an emoji.</summary>
    private static bool IsInvisible(char c) => char.GetUnicodeCategory(c) is UnicodeCategory.Format || c is >= '\uFE00' and <= '\uFE0F';
}
