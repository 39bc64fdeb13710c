using System.Text;
using VlmSharp.Tokenization;

namespace VlmSharp.Generation;

/// <summary>
/// Looks for stop strings in a text that grows token by token, even across token boundaries, and releases only text that cannot be part of
/// one.
/// </summary>
internal sealed class StopText(ITokenizer tokenizer, IReadOnlyList<string> stops)
{
    private readonly StreamingDecoder decoder = new(tokenizer, skipSpecial: true);
    private readonly StringBuilder held = new();

    /// <summary>Whether a stop string has been seen; nothing is released from then on.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Appends a token.</summary>
    /// <param name="id">The next token.</param>
    /// <returns>The text that became certain.</returns>
    public string Append(int id)
    {
        if (IsStopped) return "";
        string piece = decoder.Append(id);
        if (stops.Count == 0) return piece;
        // Pending bytes that form complete characters count at once, as they would if the text ended here.
        string text = held.Append(piece).ToString(), whole = text + decoder.Pending;
        if (Find(whole, stops) is >= 0 and int at) return Stop(whole, at);
        return Release(text.Length - Beginning(text));
    }

    /// <summary>Ends the text.</summary>
    /// <returns>The text that was held back, cut before a stop string that only the end completed.</returns>
    public string Flush()
    {
        if (IsStopped) return "";
        string text = held.Append(decoder.Flush()).ToString();
        return Find(text, stops) is >= 0 and int at ? Stop(text, at) : Release(text.Length);
    }

    private static int Find(string text, IReadOnlyList<string> stops)
    {
        int first = -1;
        foreach (string stop in stops)
        {
            int at = text.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (first < 0 || at < first)) first = at;
        }

        return first;
    }

    /// <summary>Length of the longest suffix of the text that is the beginning of a stop string.</summary>
    private int Beginning(string text)
    {
        int longest = 0;
        foreach (string stop in stops)
            for (int length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
                if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length))) longest = length;
        return longest;
    }

    private string Stop(string text, int at)
    {
        IsStopped = true;
        held.Clear();
        return text[..at];
    }

    private string Release(int length)
    {
        string text = held.ToString(0, length);
        held.Remove(0, length);
        return text;
    }
}
