using System.Globalization;
using System.Text;
using VlmSharp.Imaging;

namespace VlmSharp.Training.Data;

/// <summary>
/// Writes boxes and masks as text that the tokenizer turns into location and segmentation tokens. An edge is round(v * 1023), where v is
/// its position relative to the picture's side, with ties to even, as in big_vision's training (Beyer et al. 2024, section 3.2.5).
/// </summary>
internal static class LocationText
{
    private const int Last = 1023; // of 1,024 places along a side

    /// <summary>Four location tokens: top, left, bottom, right.</summary>
    public static void Append(StringBuilder text, Box box, int width, int height)
    {
        AppendOne(text, box.Top, height);
        AppendOne(text, box.Left, width);
        AppendOne(text, box.Bottom, height);
        AppendOne(text, box.Right, width);
    }

    /// <summary>A segmentation token for each code.</summary>
    public static void AppendCodes(StringBuilder text, ReadOnlySpan<int> codes)
    {
        foreach (int code in codes) text.Append(CultureInfo.InvariantCulture, $"<seg{code:D3}>");
    }

    /// <summary>The names of the things in an answer of boxes; none where it has no boxes.</summary>
    public static IEnumerable<string> Names(string answer)
    {
        if (!answer.Contains("<loc", StringComparison.Ordinal)) yield break;
        foreach (string part in answer.Split(';'))
        {
            // The name follows the last token; no name contains "<" or ">".
            string name = part[(part.LastIndexOf('>') + 1)..].Trim();
            if (name.Length > 0) yield return name;
        }
    }

    private static void AppendOne(StringBuilder text, double edge, int side) =>
        text.Append(
            CultureInfo.InvariantCulture, $"<loc{(int)Math.Clamp(Math.Round(edge / side * Last, MidpointRounding.ToEven), 0, Last):D4}>");
}
