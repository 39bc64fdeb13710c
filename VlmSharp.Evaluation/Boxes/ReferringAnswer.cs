using System.Globalization;
using System.Text.RegularExpressions;

namespace VlmSharp.Evaluation.Boxes;

/// <summary>
/// What a model answers to a referring expression: one box, <c>&lt;loc0102&gt;&lt;loc0205&gt;&lt;loc0512&gt;&lt;loc0614&gt;</c> (top, left, bottom,
/// right), with sixteen codes of a mask behind it where masks are measured. As big_vision's evaluator reads it: exactly so many tokens, in range,
/// and bottom below top, right of left; anything else is invalid.
/// </summary>
/// <param name="Edges">Top, left, bottom, right, 0 to 1023.</param>
/// <param name="Codes">The mask's codes, 0 to 127; none where there is no mask.</param>
internal sealed partial record ReferringAnswer(int[] Edges, int[] Codes)
{
    private const int Locations = 4, CodesPerMask = 16;

    /// <summary>Reads an answer.</summary>
    /// <param name="text">What the model said.</param>
    /// <param name="mask">Whether it must have a mask; else it may have one, as those of models trained to segment do.</param>
    /// <returns>Null where it is invalid.</returns>
    public static ReferringAnswer? Read(string text, bool mask)
    {
        int[] edges = Values(Location(), text), codes = Values(Segment(), text);
        bool isValid = edges.Length == Locations && (codes.Length == CodesPerMask || (!mask && codes.Length == 0)) && Array.TrueForAll(edges, edge => edge < 1024)
            && Array.TrueForAll(codes, code => code < 128) && edges[2] > edges[0] && edges[3] > edges[1];
        return isValid ? new ReferringAnswer(edges, codes) : null;
    }

    /// <summary>The box in a picture, a location being a share of 1023 of its side as in big_vision.</summary>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Rows of the picture.</param>
    /// <param name="divisor">1023, or 1024 as PaliGemma's published demonstration has it.</param>
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
