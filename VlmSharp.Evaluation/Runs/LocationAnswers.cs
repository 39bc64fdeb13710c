using System.Globalization;
using System.Text.RegularExpressions;
using VlmSharp.Evaluation.Boxes;

namespace VlmSharp.Evaluation.Runs;

/// <summary>The boxes of an answer in training data, <c>&lt;loc0102&gt;&lt;loc0205&gt;&lt;loc0512&gt;&lt;loc0614&gt; cat ; ...</c>: top, left, bottom, right.</summary>
internal static partial class LocationAnswers
{
    private const double Last = 1023;

    /// <summary>Reads the boxes; what is none is left out.</summary>
    /// <param name="text">The answer.</param>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Rows of the picture.</param>
    public static IReadOnlyList<LabeledTruth> Read(string text, int width, int height) =>
    [
        .. Item().Matches(text).Select(match =>
        {
            double top = Edge(1, height), left = Edge(2, width), bottom = Edge(3, height), right = Edge(4, width);
            return new LabeledTruth(match.Groups[5].Value.Trim(), new TrueBox(new CocoBox(left, top, Math.Max(0, right - left), Math.Max(0, bottom - top))));

            double Edge(int group, int side) => int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture) * side / Last;
        }),
    ];

    /// <summary>
    /// An item of data of one's own, whose boxes are shares of the picture, once the picture's size is known; where it cannot be read, all
    /// its things are missed. Boxes of an answer to a prompt that names no things are read from the text.
    /// </summary>
    public static AnsweredItem Locate(AnsweredItem answered)
    {
        (EvaluationItem item, ItemAnswer answer) = answered;
        (int width, int height) = answer.Size.Width > 0 ? answer.Size : (1024, 1024);
        return new AnsweredItem(
            item with { Truth = Read(item.References[0], width, height) },
            item.Things is null ? answer with { Boxes = [.. Read(answer.Text, width, height).Select(b => new LabeledBox(b.Label, new ScoredBox(b.Truth.Box, 1)))] } : answer);
    }

    [GeneratedRegex(@"<loc(\d{4})><loc(\d{4})><loc(\d{4})><loc(\d{4})>(?:<seg\d{3}>)*([^;<]*)", RegexOptions.CultureInvariant)]
    private static partial Regex Item();
}
