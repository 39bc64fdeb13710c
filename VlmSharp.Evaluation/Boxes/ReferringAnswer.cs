using System.Globalization;
using System.Text.RegularExpressions;

namespace VlmSharp.Evaluation.Boxes;

/// <summary>
/// A model's answer to a referring expression: one box, <c>&lt;loc0102&gt;&lt;loc0205&gt;&lt;loc0512&gt;&lt;loc0614&gt;</c> (top, left,
/// bottom, right), followed by sixteen mask codes if masks are measured. It is read as in big_vision's evaluator: exactly these numbers of
/// tokens, all in range, with bottom below top and right of left; anything else is invalid.
/// </summary>
/// <param name="Edges">Top, left, bottom, right, 0 to 1023.</param>
/// <param name="Codes">The mask's codes, 0 to 127; empty if there is no mask.</param>
internal sealed partial record ReferringAnswer(int[] Edges, int[] Codes)
{
    private const int Locations = 4, CodesPerMask = 16;

    /// <summary>Reads an answer.</summary>
    /// <param name="text">The model's output.</param>
    /// <param name="mask">Whether it must have a mask. If not, it still may, as models trained to segment give one.</param>
    /// <returns>Null if it is invalid.</returns>
    public static ReferringAnswer? Read(string text, bool mask)
    {
        int[] edges = Values(Location(), text), codes = Values(Segment(), text);
        bool isValid = edges.Length == Locations
            && (codes.Length == CodesPerMask || (!mask && codes.Length == 0))
            && Array.TrueForAll(edges, edge => edge < 1024)
            && Array.TrueForAll(codes, code => code < 128)
            && edges[2] > edges[0]
            && edges[3] > edges[1];
        return isValid ? new ReferringAnswer(edges, codes) : null;
    }

    /// <summary>The box in a picture. As in big_vision, a location is divided by 1023 and multiplied by the picture's side.</summary>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Rows of the picture.</param>
    /// <param name="divisor">1023, or 1024 as in PaliGemma's published demo.</param>
    public CocoBox Box(double width, double height, int divisor = 1023)
    {
        double top = Edges[0] * height / divisor, left = Edges[1] * width / divisor;
        return new CocoBox(left, top, Edges[3] * width / divisor - left, Edges[2] * height / divisor - top);
    }

    private static int[] Values(Regex token, string text) =>
        [.. token.Matches(text).Take(CodesPerMask + 1).Select(match => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture))];

    [GeneratedRegex(@"<loc([0-9]{4})>", RegexOptions.CultureInvariant)]
    private static partial Regex Location();

    [GeneratedRegex(@"<seg([0-9]{3})>", RegexOptions.CultureInvariant)]
    private static partial Regex Segment();
}
