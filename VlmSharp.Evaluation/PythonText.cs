using System.Globalization;

namespace VlmSharp.Evaluation;

/// <summary>Text functions of Python, the language of most metrics' reference code.</summary>
internal static class PythonText
{
    /// <summary><c>text.split()</c>: the parts between white space.</summary>
    public static string[] Split(string text)
    {
        var words = new List<string>();
        for (int start = 0; start < text.Length;)
        {
            if (IsSpace(text[start]))
            {
                start++;
                continue;
            }

            int end = start;
            while (end < text.Length && !IsSpace(text[end])) end++;
            words.Add(text[start..end]);
            start = end;
        }

        return [.. words];
    }

    /// <summary><c>text.strip()</c>.</summary>
    public static string Strip(string text)
    {
        int start = 0, end = text.Length;
        while (start < end && IsSpace(text[start])) start++;
        while (end > start && IsSpace(text[end - 1])) end--;
        return text[start..end];
    }

    /// <summary><c>round(value, 2)</c>: nearest to the exact stored number; a tie goes to the even digit.</summary>
    public static double Round2(double value)
    {
        if (!double.IsFinite(value)) return value;
        // Math.Round first multiplies by 100, which rounds: 66.665 is above the tie, but 6666.5 is on it. Formatting uses exact digits.
        // Only eighths can be ties.
        return double.IsOddInteger(value * 8)
            ? Math.Round(value * 100, MidpointRounding.ToEven) / 100
            : double.Parse(value.ToString("F2", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    /// <summary>White space of <c>str.isspace</c>: the white space of .NET, and the four separators of ASCII.</summary>
    private static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001C' and <= '\u001F';
}
