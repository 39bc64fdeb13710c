namespace VlmSharp.Server.Keys;

/// <summary>
/// Reads keys as text: one per line, <c>name:key</c> or only the key, which is then called key-1, key-2 and so on. Empty lines and lines
/// that begin with # are ignored. The name appears in the log and selects the limits; a name may have several keys. A key consists of
/// visible ASCII characters, without spaces; a key with a colon needs a name before it.
/// </summary>
internal static class KeyText
{
    private const int LongestName = 64, LongestKey = 512, MostKeys = 100_000;

    /// <summary>A shorter key can be guessed. 22 characters of base64 are 128 bits.</summary>
    private const int ShortKey = 16;

    /// <summary>The log's name for requests when there are no keys.</summary>
    private const string Reserved = "anonymous";

    /// <summary>A key and whose it is.</summary>
    internal readonly record struct Line(string Client, string Key)
    {
        /// <summary>Not the key.</summary>
        public override string ToString() => Client;
    }

    /// <summary>Reads all lines.</summary>
    /// <exception cref="KeyFormatException">
    /// A line is no key, or there is none. The message has the line's number and nothing of the line.
    /// </exception>
    public static List<Line> Read(string text, string source, ICollection<string>? warnings)
    {
        var lines = new List<Line>();
        int number = 0, shorts = 0;
        foreach (ReadOnlySpan<char> raw in text.AsSpan().TrimStart('\uFEFF').EnumerateLines())
        {
            number++;
            ReadOnlySpan<char> line = raw.Trim();
            if (line.IsEmpty || line[0] == '#') continue;
            if (lines.Count == MostKeys) throw Wrong(source, number, $"is beyond the most keys, {MostKeys}");
            int colon = line.IndexOf(':');
            string client = colon < 0 ? $"key-{lines.Count + 1}" : Name(line[..colon], source, number);
            ReadOnlySpan<char> key = line[(colon + 1)..].TrimStart();
            if (key.IsEmpty) throw Wrong(source, number, "has a name and no key");
            if (key.Length > LongestKey) throw Wrong(source, number, $"has a key of more than {LongestKey} characters");
            if (key.IndexOfAnyExceptInRange('!', '~') >= 0)
                throw Wrong(source, number, "has a space or a character that is not ASCII in its key");
            if (key.Length < ShortKey) shorts++;
            lines.Add(new Line(client, key.ToString()));
        }
        if (lines.Count == 0)
            throw new KeyFormatException($"{source} has no key; write one a line, as name:key. 'openssl rand -hex 32' makes a good one.");
        if (shorts > 0)
        {
            warnings?.Add(
                $"{source} has {shorts} keys of fewer than {ShortKey} characters, which can be guessed; "
                + "'openssl rand -hex 32' makes good ones.");
        }
        return lines;
    }

    private static string Name(ReadOnlySpan<char> text, string source, int number)
    {
        text = text.TrimEnd();
        bool plain = text.Length is > 0 and <= LongestName;
        foreach (char c in text) plain &= char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.';
        if (!plain)
        {
            throw Wrong(
                source, number,
                $"has a name before its colon that is not 1 to {LongestName} letters, digits, '-', '_' or '.'; "
                + "a key with a colon needs a name before it");
        }
        return text is Reserved
            ? throw Wrong(source, number, $"has the name '{Reserved}', which means requests without a key")
            : text.ToString();
    }

    private static KeyFormatException Wrong(string source, int number, string what) => new($"{source}: line {number} {what}.");
}
