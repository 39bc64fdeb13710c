using VlmSharp.Generation;
using VlmSharp.Tasks;

namespace VlmSharp.Core.Tests.Tasks;

/// <summary>Answers of models, well formed and malformed.</summary>
public sealed class AnswerParserTests
{
    private const string Seg16 =
        "<seg000><seg001><seg002><seg003><seg004><seg005><seg006><seg007><seg008><seg009><seg010><seg011><seg012><seg013><seg014><seg127>";

    [Fact]
    public void A_box_is_top_left_bottom_right_and_a_label()
    {
        ParsedBox box = Assert.Single(DemoVocabulary.Parse("<loc0051><loc0309><loc0708><loc0646> green square<eos>"));
        Assert.Equal((51, 309, 708, 646, "green square"), (box.Top, box.Left, box.Bottom, box.Right, box.Label));
        Assert.Null(box.MaskCodes);
    }

    [Theory]
    [InlineData("<loc0001><loc0002><loc0003><loc0004> car ; <loc0005><loc0006><loc0007><loc0008> key", "1 2 3 4 car|5 6 7 8 key")]
    [InlineData("<loc0001><loc0002><loc0003><loc0004> car;<loc0005><loc0006><loc0007><loc0008>key ; ", "1 2 3 4 car|5 6 7 8 key")]
    [InlineData("I see <loc0001><loc0002><loc0003><loc0004> a car", "1 2 3 4 a car")] // leading text
    [InlineData("<loc0001><loc0002><loc0003><loc0004>", "1 2 3 4 ")] // no label
    [InlineData("<loc0001><loc0002><loc0003><loc0004> ; <loc0005><loc0006><loc0007><loc0008>", "1 2 3 4 |5 6 7 8 ")]
    [InlineData("<loc0001><loc0002><loc0003> car", "")] // three
    [InlineData("<loc0001><loc0002><loc0003><loc0004><loc0005> car", "")] // five
    [InlineData("<loc0001><loc0002><loc0003><loc0004><loc0001><loc0002><loc0003><loc0004> car", "")] // eight in a row
    [InlineData("<loc0001><loc0002> <loc0003><loc0004> car ; <loc0005><loc0006><loc0007><loc0008> key", "5 6 7 8 key")]
    [InlineData("<loc0009><loc0008><loc0003><loc0004> car", "3 4 9 8 car")] // edges in the wrong order
    [InlineData("<loc0001><loc0002><loc0003><loc0004> car <b> key", "1 2 3 4 car")] // a label ends at <
    [InlineData("<loc0001><loc0002><loc0003><loc0004> car<eos><loc0005><loc0006><loc0007><loc0008> key", "1 2 3 4 car")] // after the end
    [InlineData("<loc0001><loc0002><loc0003><loc0004> car <loc0005><loc0006><loc0007><loc0008> key", "1 2 3 4 car|5 6 7 8 key")]
    // duplicates stay
    [InlineData("<loc0001><loc0002><loc0003><loc0004> car ; <loc0001><loc0002><loc0003><loc0004> car", "1 2 3 4 car|1 2 3 4 car")]
    [InlineData("<loc1024><loc0002><loc0003><loc0004> car", "")] // no such token: text, then three
    [InlineData("a cake", "")]
    [InlineData("", "")]
    public void Answers_are_read_by_the_grammar(string answer, string expected) =>
        Assert.Equal(
            expected, string.Join('|', DemoVocabulary.Parse(answer).Select(b => $"{b.Top} {b.Left} {b.Bottom} {b.Right} {b.Label}")));

    [Theory]
    [InlineData("<loc0001><loc0002><loc0003><loc0004>" + Seg16 + " car", true)]
    [InlineData("<loc0001><loc0002><loc0003><loc0004> " + Seg16 + "car", true)]
    [InlineData("<loc0001><loc0002><loc0003><loc0004>" + Seg16 + "<seg001> car", false)] // seventeen
    [InlineData("<loc0001><loc0002><loc0003><loc0004><seg001><seg002> car", false)]
    [InlineData("<loc0001><loc0002><loc0003><loc0004> car " + Seg16, false)] // not right after the locations
    public void A_mask_is_exactly_sixteen_codes(string answer, bool has)
    {
        ParsedBox box = Assert.Single(DemoVocabulary.Parse(answer));
        Assert.Equal("car", box.Label);
        Assert.Equal(has ? [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 127] : null, box.MaskCodes);
    }

    /// <summary>
    /// The score is a product: one factor for the neighborhood of each location and one for all tokens of the label. The separator and the
    /// end do not count.
    /// </summary>
    [Fact]
    public void The_score_is_the_probability_of_places_near_and_of_the_label()
    {
        int[] ids = DemoVocabulary.Encode("<loc0100><loc0200><loc0130><loc0260> green square ; <loc0005><loc0006><loc0007><loc0008><eos>");
        Assert.Equal(4 + 2 + 3 + 4 + 1, ids.Length);
        double[] p = [.5, .4, .3, .2, .9, .8, .01, .01, .01, .6, .5, .4, .3, .01];
        var notes = new StepNote[ids.Length];
        // With height 30 and width 60, places up to 10 and 20 away count.
        notes[0] = new StepNote(Row((100, .5), (90, .1), (110, .2), (111, .05), (89, .15)), null);
        notes[1] = new StepNote(Row((200, .4), (180, .3), (221, .3)), null);
        notes[2] = new StepNote(Row((130, .3), (140, .2), (119, .5)), null);
        notes[3] = new StepNote(Row((260, .2), (279, .7), (1023, .1)), null);
        notes[4] = new StepNote(null, MathF.Log(.25f)); // the probability of all tokens that may begin the label
        List<ParsedBox> boxes = DemoVocabulary.Parse(ids, [.. p.Select(x => (float)Math.Log(x))], notes);
        Assert.Equal(.8 * .7 * .5 * .9 * (.9 * .8 * .25), boxes[0].Score, 1e-6);
        Assert.Equal(.6 * .5 * .4 * .3, boxes[1].Score, 1e-6); // without notes only the places themselves count, and no label
        List<ParsedBox> unnoted = DemoVocabulary.Parse(ids, [.. p.Select(x => (float)Math.Log(x))]);
        Assert.Equal(.5 * .4 * .3 * .2 * (.9 * .8), unnoted[0].Score, 1e-6);
    }

    /// <summary>A third of the whole side is 341 places. For a box without extent only the places themselves count.</summary>
    [Fact]
    public void Neighborhoods_end_at_the_border_and_grow_with_the_box()
    {
        int[] ids = DemoVocabulary.Encode("<loc1023><loc0000><loc0000><loc1023>"); // top and bottom in the wrong order
        StepNote low = new(Row((0, .5), (341, .25), (342, .25)), null), high = new(Row((1023, .5), (682, .25), (681, .25)), null);
        Assert.Equal(Math.Pow(.75, 4), Assert.Single(DemoVocabulary.Parse(ids, new float[4], [high, low, low, high])).Score, 1e-6);
        ids = DemoVocabulary.Encode("<loc0000><loc0000><loc0000><loc0000>");
        Assert.Equal(Math.Pow(.5, 4), Assert.Single(DemoVocabulary.Parse(ids, new float[4], [low, low, low, low])).Score, 1e-6);
    }

    private static float[] Row(params (int Place, double Probability)[] places)
    {
        float[] row = [.. Enumerable.Repeat(float.NegativeInfinity, 1024)];
        foreach ((int place, double probability) in places) row[place] = (float)Math.Log(probability);
        return row;
    }

    [Fact]
    public void Labels_spelled_in_bytes_are_text()
    {
        ParsedBox box = Assert.Single(DemoVocabulary.Parse("<loc0001><loc0002><loc0003><loc0004> caf\u00e9 \U0001F600 ; x"));
        Assert.Equal("caf\u00e9 \U0001F600", box.Label);
    }

    /// <summary>Any sequence of ids gives no exception, and boxes whose edges are in order and in range.</summary>
    [Fact]
    public void No_sequence_of_tokens_is_an_error()
    {
        var random = new Random(11);
        int[] favorites = DemoVocabulary.Encode("<loc0000><loc1023><loc0500><seg000><seg127> ; car green<b>");
        int boxes = 0;
        for (int round = 0; round < 5000; round++)
        {
            int[] ids = [.. Enumerable.Range(0, random.Next(60)).Select(_ => random.Next(8) switch
            {
                0 => random.Next(-5, DemoVocabulary.Tokenizer.VocabularySize + 5),
                1 or 2 => favorites[random.Next(favorites.Length)],
                _ => DemoVocabulary.Tokens.Locations[random.Next(1024)],
            })];
            float[] log = [.. ids.Select(_ => random.Next(20) == 0 ? float.NegativeInfinity : -10 * random.NextSingle())];
            foreach (ParsedBox box in DemoVocabulary.Parse(ids, log))
            {
                boxes++;
                Assert.InRange(box.Top, 0, box.Bottom);
                Assert.InRange(box.Bottom, 0, 1023);
                Assert.InRange(box.Left, 0, box.Right);
                Assert.InRange(box.Right, 0, 1023);
                Assert.InRange(box.Score, 0, 1);
                Assert.True(box.MaskCodes is null || box.MaskCodes.All(code => code is >= 0 and < 128));
            }
        }

        Assert.True(boxes > 500, $"{boxes} boxes");
    }
}
