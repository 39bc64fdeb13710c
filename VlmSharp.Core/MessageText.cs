using System.Globalization;
using System.Text;

namespace VlmSharp;

/// <summary>Makes external text fit for a message: short, on one line, and without characters that control a terminal.</summary>
internal static class MessageText
{
    private const int LongestQuote = 120, LongestSentence = 300;

    /// <summary>The text in quotes, cut if it is long, with control characters as escapes such as <c>\u001b</c>.</summary>
    public static string Quote(string text) => $"'{Plain(text, LongestQuote)}'";

    /// <summary>
    /// A message of another library, which may repeat parts of a file: cut if it is long, with control characters as escapes.
    /// </summary>
    public static string Sentence(string text) => Plain(text, LongestSentence);

    /// <summary>The first few names of a list, and how many more there are.</summary>
    public static string List(IReadOnlyList<string> items, int shown)
    {
        string text = string.Join(", ", items.Take(shown));
        return items.Count > shown ? $"{text} and {items.Count - shown} more" : text;
    }

    /// <summary>A shape as <c>[2, 3]</c>.</summary>
    public static string Shape(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";

    private static string Plain(string text, int most)
    {
        var plain = new StringBuilder();
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, most)))
        {
            if (char.IsControl(c) || char.IsSurrogate(c)) plain.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else plain.Append(c);
        }

        return plain.Append(text.Length > most ? "..." : "").ToString();
    }
}
