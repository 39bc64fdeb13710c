using System.Globalization;
using System.Text;

namespace VlmSharp.Explain.Html;

/// <summary>
/// A visible spelling of a token. Pieces come from a file that anyone may have written, and some are invisible or change the
/// direction of the text around them: those are shown by name.
/// </summary>
internal static class Spelling
{
    /// <summary>The piece, or a visible name for it if there is nothing to see.</summary>
    /// <param name="piece">As the vocabulary spells it.</param>
    /// <param name="longest">Characters after which it is cut.</param>
    /// <returns>Something visible.</returns>
    public static string Of(string piece, int longest = 48)
    {
        if (piece.Length == 0) return "(no piece)";
        bool blank = string.IsNullOrWhiteSpace(piece);
        var shown = new StringBuilder();
        foreach (Rune rune in piece.EnumerateRunes())
        {
            if (shown.Length >= longest) return shown.Append('…').ToString();
            shown.Append(rune.Value switch
            {
                '\n' => "↵",
                '\t' => "⇥",
                ' ' => blank ? "␠" : " ",
                _ => IsHidden(rune) && !(IsJoiner(rune) && shown.Length > 0) ? $"U+{rune.Value:X4}" : rune.ToString(),
            });
        }

        return shown.ToString();
    }

    private static bool IsHidden(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;

    // The joiners of emoji and of scripts that need them are part of a visible character, unless they stand alone.
    private static bool IsJoiner(Rune rune) => rune.Value is 0x200C or 0x200D;
}
