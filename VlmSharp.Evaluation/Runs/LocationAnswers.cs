using System.Globalization;
using System.Text.RegularExpressions;
using VlmSharp.Evaluation.Boxes;

namespace VlmSharp.Evaluation.Runs;

/// <summary>
/// The boxes of an answer in training data, <c>&lt;loc0102&gt;&lt;loc0205&gt;&lt;loc0512&gt;&lt;loc0614&gt; cat ; ...</c>: top, left,
/// bottom, right.
/// </summary>
internal static partial class LocationAnswers
{
    private const double Last = 1023;

    /// <summary>Reads the boxes and ignores all other text.</summary>
    /// <param name="text">Four locations and a label for each thing, as PaliGemma is trained to write them.</param>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Rows of the picture.</param>
    public static IReadOnlyList<LabeledTruth> Read(string text, int width, int height) =>
    [
        .. Item().Matches(text).Select(match =>
        {
            double top = Edge(1, height), left = Edge(2, width), bottom = Edge(3, height), right = Edge(4, width);
            var box = new CocoBox(left, top, Math.Max(0, right - left), Math.Max(0, bottom - top));
            return new LabeledTruth(match.Groups[5].Value.Trim(), new TrueBox(box));

            double Edge(int group, int side) => int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture) * side / Last;
        }),
    ];

    /// <summary>
    /// Converts the boxes of an item of a user's own data to pixels. The data gives them relative to the picture, whose size is known only
    /// once it is read. If it could not be read, all its things are missed. If the prompt names no things, the answer's boxes are read
    /// from its text.
    /// </summary>
    public static AnsweredItem Locate(AnsweredItem answered)
    {
        (EvaluationItem item, ItemAnswer answer) = answered;
        (int width, int height) = answer.Size.Width > 0 ? answer.Size : (1024, 1024);
        return new AnsweredItem(
            item with { Truth = Read(item.References[0], width, height) },
            item.Things is null ? answer with { Boxes = [.. Read(answer.Text, width, height).Select(AsFound)] } : answer);

        static LabeledBox AsFound(LabeledTruth b) => new(b.Label, new ScoredBox(b.Truth.Box, 1));
    }

    [GeneratedRegex(@"<loc(\d{4})><loc(\d{4})><loc(\d{4})><loc(\d{4})>(?:<seg\d{3}>)*([^;<]*)", RegexOptions.CultureInvariant)]
    private static partial Regex Item();
}
