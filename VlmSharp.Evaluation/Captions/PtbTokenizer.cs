using System.Globalization;
using System.Text;

namespace VlmSharp.Evaluation.Captions;

/// <summary>
/// Splits captions into Penn Treebank words in lower case, the input of BLEU, ROUGE-L and CIDEr. The result equals that of Stanford's
/// PTBTokenizer 3.4.1 with <c>-preserveLines -lowerCase</c>, which COCO's caption scripts call (Chen et al. 2015, "Microsoft COCO
/// Captions", section 3), on one caption by itself.
/// </summary>
/// <remarks>
/// Those scripts join all captions by line breaks before they call the tokenizer. As a result, a vertical tab, a form feed or U+2028 in one
/// caption assigns every later caption to a wrong picture. Here they are spaces.
/// </remarks>
public static class PtbTokenizer
{
    /// <summary>
    /// The tokens that the scripts drop. Brackets in this list never match, because the tokenizer writes them in lower case; they stay as
    /// words.
    /// </summary>
    private static readonly HashSet<string> Punctuation = new(StringComparer.Ordinal)
    {
        "''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", ".", "?", "!", ",", ":", "-", "--", "...", ";",
    };

    private static readonly HashSet<string> Joined = new(StringComparer.OrdinalIgnoreCase)
    {
        "cannot", "gonna", "gotta", "wanna", "lemme", "gimme",
    };

    /// <summary>The words of a caption, without punctuation, joined by single spaces: the input of the metrics.</summary>
    /// <param name="caption">Any text.</param>
    /// <returns>The words; empty if there are none.</returns>
    public static string Words(string caption) => string.Join(' ', Tokenize(caption).Where(token => !Punctuation.Contains(token)));

    /// <summary>All tokens of a caption, including punctuation.</summary>
    /// <param name="caption">Any text.</param>
    /// <returns>Tokens in lower case. A space inside a token, such as a telephone number, is written as U+00A0.</returns>
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
                // In "He lives in the U.S." one period has two roles.
                if (rule.MayEndSentence && place == text.Length) Add(".");
            }
            else place++; // no token: an emoji, half a surrogate pair
        }

        return tokens;

        int Add(string token)
        {
            tokens.Add(token.ToLowerInvariant());
            return token.Length;
        }
    }

    /// <summary>The rule with the longest reach, among equals the first, and its token as in the text.</summary>
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

    /// <summary>
    /// The length of a plain word: letters between spaces. Most of a caption is plain words, for which no rules need to be tried.
    /// </summary>
    private static int PlainWord(string text, int place)
    {
        int end = place;
        while (end < text.Length && char.IsAsciiLetter(text[end])) end++;
        return (end == text.Length || text[end] == ' ') && !Joined.Contains(text[place..end]) ? end - place : 0;
    }

    /// <summary>The text with a space for every separator, without zero-width characters, and without spaces at its ends.</summary>
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

    /// <summary>Soft hyphens, joiners and other format characters, and variation selectors of emoji.</summary>
    private static bool IsInvisible(char c) => char.GetUnicodeCategory(c) is UnicodeCategory.Format || c is >= '\uFE00' and <= '\uFE0F';
}
