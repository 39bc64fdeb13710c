using VlmSharp.Evaluation.Captions;

namespace VlmSharp.Evaluation.Tests.Captions;

/// <summary>Properties that must hold for any captions, tested on random ones of a small vocabulary.</summary>
public sealed class CaptionPropertyTests
{
    private static readonly string[] Vocabulary = ["a", "the", "cat", "dog", "sits", "on", "mat", "red", "two", "runs"];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 50)];

    [Theory, MemberData(nameof(Seeds))]
    public void The_order_of_pictures_does_not_matter(int seed)
    {
        CaptionCase[] cases = Cases(seed);
        CaptionCase[] shuffled = [.. cases];
        new Random(seed).Shuffle(shuffled);
        CaptionEvaluation one = Score(cases), two = Score(shuffled);
        MetricGoldens.AssertClose(one.Bleu, two.Bleu);
        MetricGoldens.AssertClose([one.RougeL, one.Cider], [two.RougeL, two.Cider]);
        foreach (CaptionScore image in one.Images)
            Assert.Equal(image.Cider, two.Images.Single(other => other.Words.Id == image.Words.Id).Cider, 1e-12);
    }

    [Theory, MemberData(nameof(Seeds))]
    public void Scores_stay_in_their_ranges(int seed)
    {
        CaptionEvaluation found = Score(Cases(seed));
        Assert.All(found.Images.SelectMany(image => image.Bleu).Concat(found.Bleu), score => Assert.InRange(score, 0, 1));
        Assert.All(found.Images, image => Assert.InRange(image.RougeL, 0, 1));
        Assert.All(found.Images, image => Assert.InRange(image.Cider, 0, 10 + 1e-9));
    }

    /// <summary>
    /// A right n-gram consists of right shorter n-grams. So BLEU-1 >= BLEU-2 >= ... if the caption repeats no word. With repeated words,
    /// clipping can make a word wrong although its n-gram is right.
    /// </summary>
    [Theory, MemberData(nameof(Seeds))]
    public void Bleu_falls_with_n(int seed)
    {
        var random = new Random(seed);
        CaptionCase[] cases = [.. Cases(seed).Select(c =>
        {
            string[] words = [.. Vocabulary];
            random.Shuffle(words);
            return c with { Candidate = string.Join(' ', words.Take(random.Next(4, 9))) };
        })];
        foreach (IReadOnlyList<double> bleu in Score(cases).Images.Select(image => image.Bleu))
            for (int k = 1; k < 4; k++) Assert.True(bleu[k] <= bleu[k - 1] + 1e-12, string.Join(' ', bleu));
    }

    [Theory, MemberData(nameof(Seeds))]
    public void A_reference_as_candidate_is_perfect(int seed)
    {
        CaptionCase[] cases = [.. Cases(seed).Select(c => c with { Candidate = c.References[0] })];
        CaptionEvaluation found = Score(cases);
        Assert.All(found.Images, image => Assert.Equal(1, image.RougeL, 1e-12));
        Assert.All(
            found.Images.Where(image => image.Words.Candidate.Split(' ').Length >= 4),
            image => Assert.All(image.Bleu, score => Assert.InRange(score, 1 - 1e-8, 1)));
    }

    /// <summary>BLEU and ROUGE-L take the maximum over references, CIDEr the mean.</summary>
    [Theory, MemberData(nameof(Seeds))]
    public void A_repeated_reference_changes_only_cider(int seed)
    {
        CaptionCase[] cases = Cases(seed), doubled = [.. cases.Select(c => c with { References = [.. c.References, c.References[0]] })];
        CaptionEvaluation one = Score(cases), two = Score(doubled);
        MetricGoldens.AssertClose(one.Bleu, two.Bleu);
        MetricGoldens.AssertClose([one.RougeL], [two.RougeL]);
        Assert.Equal(one.Frequencies.Counts.OrderBy(pair => pair.Key), two.Frequencies.Counts.OrderBy(pair => pair.Key));
    }

    [Fact]
    public void A_repeated_reference_counts_twice_in_cider()
    {
        CaptionCase[] cases = [new("1", "a b c d", ["a b c d", "e f g h"]), new("2", "x", ["x y"])];
        double plain = Score(cases).Images[0].Cider,
            doubled = Score([cases[0] with { References = ["a b c d", "a b c d", "e f g h"] }, cases[1]]).Images[0].Cider;
        Assert.Equal(5, plain, 1e-9); // one of two references is the candidate
        Assert.Equal(20.0 / 3, doubled, 1e-9);
    }

    [Fact]
    public void Empty_captions_have_finite_scores()
    {
        CaptionEvaluation found = Score([new("1", "", ["a b c d"]), new("2", "", [""]), new("3", "a", ["", ""])]);
        Assert.All(found.Images, image => Assert.All([.. image.Bleu, image.RougeL, image.Cider], score => Assert.InRange(score, 0, 1)));
        Assert.Equal([0, 1, 0], found.Images.Select(image => image.RougeL));
    }

    /// <summary>CIDEr before CIDEr-D: the cosine alone.</summary>
    [Fact]
    public void Plain_cider_is_the_cosine()
    {
        var frequencies = new DocumentFrequencies(10, [new("a", 1), new("b", 5)]);
        var plain = new Cider(frequencies) { IsPlain = true };
        double a = Math.Log(10), b = Math.Log(10) - Math.Log(5);
        // g_1(a a b) = (2a, b), g_1(a b) = (a, b); bigrams "a a", "a b" and "a b" all have the full weight; there are no longer common
        // n-grams
        double unigrams = (2 * a * a + b * b) / Math.Sqrt((4 * a * a + b * b) * (a * a + b * b)), bigrams = 1 / Math.Sqrt(2);
        Assert.Equal(10 * (unigrams + bigrams) / 4, plain.Score("a a b", ["a b"]), 1e-12);
        // CIDEr-D clips 2a to a and penalizes the length
        double clipped = (a * a + b * b) / Math.Sqrt((4 * a * a + b * b) * (a * a + b * b));
        Assert.Equal(10 * (clipped + bigrams) / 4 * Math.Exp(-1.0 / 72), new Cider(frequencies).Score("a a b", ["a b"]), 1e-12);
    }

    [Fact]
    public void Nothing_to_score_is_an_argument_error()
    {
        Assert.Throws<ArgumentException>(() => Score([]));
        Assert.Contains("Picture 7", Assert.Throws<ArgumentException>(() => Score([new("7", "a", [])])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Cider(new DocumentFrequencies()));
    }

    private static CaptionEvaluation Score(CaptionCase[] cases) => CaptionEvaluation.Of(cases, CaptionTokenization.None);

    private static CaptionCase[] Cases(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, random.Next(2, 8)).Select(i => new CaptionCase(
            $"{i}", Caption(), [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => Caption())]))];

        string Caption() =>
            string.Join(' ', Enumerable.Range(0, random.Next(1, 10)).Select(_ => Vocabulary[random.Next(Vocabulary.Length)]));
    }
}
