using System.Text.Json;
using VlmSharp.Evaluation.Captions;

namespace VlmSharp.Evaluation.Tests.Captions;

/// <summary>Compares every number with the reference code for captions (pycocoevalcap).</summary>
public sealed class CaptionGoldensTests
{
    public static TheoryData<string> UnitCases() =>
        [
            .. MetricGoldens.Read("caption_unit_cases.json")
                .GetProperty("cases")
                .EnumerateArray()
                .Select(c => c.GetProperty("name").GetString()!)
        ];

    [Theory, MemberData(nameof(UnitCases))]
    public void Unit_cases_have_the_scores_of_the_reference(string name)
    {
        JsonElement golden = MetricGoldens.Read("caption_unit_cases.json").GetProperty("cases").EnumerateArray()
            .Single(c => c.GetProperty("name").GetString() == name);
        CaptionCase[] cases = [.. golden.GetProperty("refs").EnumerateObject().Select(image => new CaptionCase(
            image.Name, golden.GetProperty("hyps").GetProperty(image.Name).GetString()!, MetricGoldens.Texts(image.Value)))];
        CaptionEvaluation found = CaptionEvaluation.Of(cases, CaptionTokenization.None);
        MetricGoldens.AssertClose(MetricGoldens.Numbers(golden.GetProperty("bleu")), found.Bleu);
        MetricGoldens.AssertClose(
            [golden.GetProperty("rougeL").GetDouble(), golden.GetProperty("cider").GetDouble()], [found.RougeL, found.Cider]);
        MetricGoldens.AssertClose(MetricGoldens.Numbers(golden.GetProperty("rouge_per_image")), found.Images.Select(image => image.RougeL));
        MetricGoldens.AssertClose(MetricGoldens.Numbers(golden.GetProperty("cider_per_image")), found.Images.Select(image => image.Cider));
    }

    [Fact]
    public void Captions_have_the_words_and_scores_of_the_reference()
    {
        JsonElement golden = MetricGoldens.Read("captions.json");
        CaptionEvaluation found = CaptionEvaluation.Of(Cases(golden));
        foreach (CaptionScore image in found.Images)
        {
            Assert.Equal(golden.GetProperty("hyps_tok").GetProperty(image.Words.Id).GetString(), image.Words.Candidate);
            Assert.Equal(MetricGoldens.Texts(golden.GetProperty("refs_tok").GetProperty(image.Words.Id)), image.Words.References);
        }

        MetricGoldens.AssertClose(MetricGoldens.Numbers(golden.GetProperty("bleu1_4")), found.Bleu);
        MetricGoldens.AssertClose(
            [golden.GetProperty("rougeL").GetDouble(), golden.GetProperty("cider").GetDouble()], [found.RougeL, found.Cider]);
        JsonElement perImage = golden.GetProperty("bleu_per_image"); // [4, images]
        for (int k = 0; k < 4; k++)
            MetricGoldens.AssertClose(MetricGoldens.Numbers(perImage[k]), found.Images.Select(image => image.Bleu[k]));
        MetricGoldens.AssertClose(MetricGoldens.Numbers(golden.GetProperty("rouge_per_image")), found.Images.Select(image => image.RougeL));
        MetricGoldens.AssertClose(MetricGoldens.Numbers(golden.GetProperty("cider_per_image")), found.Images.Select(image => image.Cider));
    }

    /// <summary>The counts that the COCO authors printed for a thousand captions.</summary>
    [Fact]
    public void Published_counts_give_the_published_scores()
    {
        JsonElement golden = MetricGoldens.Read("caption_unit_cases.json").GetProperty("bleu_from_counts");
        var counts = new BleuCounts(
            [.. MetricGoldens.Numbers(golden.GetProperty("guess")).Select(n => (long)n)],
            [.. MetricGoldens.Numbers(golden.GetProperty("correct")).Select(n => (long)n)],
            golden.GetProperty("testlen").GetInt64(), golden.GetProperty("reflen").GetInt64());
        MetricGoldens.AssertClose(MetricGoldens.Numbers(golden.GetProperty("expected")), Bleu.Score(counts));
        Assert.Equal(MetricGoldens.Numbers(golden.GetProperty("expected_3dp")), Bleu.Score(counts).Select(score => Math.Round(score, 3)));
    }

    /// <summary>
    /// Merges two halves of the pictures: counts add up, and with the merged frequencies each half has the right scores for its pictures.
    /// </summary>
    [Fact]
    public void Shards_give_the_scores_of_the_whole()
    {
        CaptionCase[] cases = Cases(MetricGoldens.Read("captions.json"));
        CaptionEvaluation whole = CaptionEvaluation.Of(cases),
            one = CaptionEvaluation.Of(cases[..2]),
            two = CaptionEvaluation.Of(cases[2..]);
        var frequencies = new DocumentFrequencies();
        frequencies.Merge(one.Frequencies);
        frequencies.Merge(two.Frequencies);
        Assert.Equal(whole.Frequencies.Pictures, frequencies.Pictures);
        Assert.Equal(whole.Frequencies.Counts.OrderBy(pair => pair.Key), frequencies.Counts.OrderBy(pair => pair.Key));
        MetricGoldens.AssertClose(whole.Bleu, Bleu.Score(one.Counts + two.Counts));
        CaptionScore[] again =
        [
            .. CaptionEvaluation.Of(cases[..2], CaptionTokenization.Ptb, frequencies).Images,
            .. CaptionEvaluation.Of(cases[2..], CaptionTokenization.Ptb, frequencies).Images
        ];
        Assert.Equal(whole.Images.Select(image => image.Cider), again.Select(image => image.Cider));
        Assert.NotEqual(whole.Images[0].Cider, one.Images[0].Cider); // without the merged frequencies a part has other weights
    }

    /// <summary>Bootstrap draws of the whole set lie around its scores. Here all scores lie in their intervals.</summary>
    [Fact]
    public void Intervals_hold_the_scores()
    {
        CaptionEvaluation found = CaptionEvaluation.Of(Cases(MetricGoldens.Read("captions.json")));
        double[] scores = [.. found.Bleu, found.RougeL, found.Cider];
        MetricGoldens.AssertClose(scores, found.ScoresOf([0, 1, 2, 3, 4, 5]));
        Assert.Equal(6, found.Intervals().Count);
        Assert.All(scores.Zip(found.Intervals()), pair => Assert.InRange(pair.First, pair.Second.Low, pair.Second.High));
        Assert.Equal(found.Intervals(3), found.Intervals(3));
        Assert.NotEqual(found.Intervals(3), found.Intervals(4));
    }

    private static CaptionCase[] Cases(JsonElement golden) =>
        [.. golden.GetProperty("image_order").EnumerateArray().Select(id => id.ToString())
        .Select(id =>
            new CaptionCase(
                id,
                golden.GetProperty("hyps").GetProperty(id).GetString()!,
                MetricGoldens.Texts(golden.GetProperty("refs").GetProperty(id))))];
}
