using System.Text;

namespace VlmSharp.Checkpoints;

/// <summary>Text from files, made fit for a message.</summary>
internal static class MessageText
{
    private const int LongestQuote = 120;

    /// <summary>The text in quotes, cut when long, control characters replaced.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("'");
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, LongestQuote)))
            quoted.Append(char.IsControl(c) || char.IsSurrogate(c) ? '?' : c);
        return quoted.Append(text.Length > LongestQuote ? "...'" : "'").ToString();
    }

    /// <summary>The first few names of a list and how many there are beyond them.</summary>
    public static string List(IReadOnlyList<string> items, int shown)
    {
        string text = string.Join(", ", items.Take(shown));
        return items.Count > shown ? $"{text} and {items.Count - shown} more" : text;
    }

    /// <summary>A shape as <c>[2, 3]</c>.</summary>
    public static string Shape(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
