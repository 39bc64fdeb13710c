using System.Globalization;
using VlmSharp.Conformance;
using VlmSharp.Evaluation.Answers;
using VlmSharp.Evaluation.Captions;

namespace VlmSharp.Evaluation.Tests.Pages;

/// <summary>The worked numbers of <c>docs/evaluation.md</c>, computed by the metrics.</summary>
public sealed class EvaluationPageTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(GoldenFiles.Root, "docs", "evaluation.md"));

    /// <summary>The page as one line, so that a test does not depend on where its lines break.</summary>
    private static readonly string Prose = string.Join(' ', Page.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    [Fact]
    public void Captions_have_the_numbers_of_the_page()
    {
        CaptionEvaluation found = CaptionEvaluation.Of(
        [
            new("1", "the cat is on the mat", ["a cat sat on the mat", "there is a cat on the mat"]),
            new("2", "two dogs play outside", ["two dogs play"]),
        ]);
        AssertStands("BLEU-1 = ", found.Bleu[0]);
        AssertStands("BLEU-2 = sqrt(0.8 * 0.5) = ", found.Bleu[1]);
        Assert.Equal([8, 4], found.Counts.Correct.Take(2));
        Assert.Equal((10L, 9L), (found.Counts.CandidateLength, found.Counts.ReferenceLength));
        AssertStands("ROUGE-L = ", found.RougeL);
        AssertStands("R = max(4/6, 4/7), F = ", found.Images[0].RougeL);
        AssertStands("P = 3/4, R = 1, F = ", found.Images[1].RougeL);
        AssertStands("CIDEr-D = ", found.Cider);
        AssertStands("Ten times their mean is ", found.Images[1].Cider);
        AssertStands("the first picture has ", found.Images[0].Cider);
        Assert.Equal(
            found.Images[1].Cider, 10 * Math.Exp(-1 / 72.0) * (3 / Math.Sqrt(12) + 2 / Math.Sqrt(6) + 1 / Math.Sqrt(2)) / 4, 1e-12);
    }

    [Theory]
    [InlineData("A woman's cell-phone isn't new."), InlineData("Two dogs (one black) play."), InlineData("\"STOP\", 50% off at 3:30 p.m.")]
    public void Captions_have_the_words_of_the_page(string caption) =>
        Assert.Contains($"| {caption} | {PtbTokenizer.Words(caption)} |\n", Page, StringComparison.Ordinal);

    [Fact]
    public void Answers_have_the_numbers_of_the_page()
    {
        AssertStands(
            "accuracy = (3 * 2/3 + 7) / 10 = ", VqaAccuracy.Score("cat", [.. Enumerable.Repeat("cat", 3), .. Enumerable.Repeat("dog", 7)]));
        AssertStands("score = 1 - 1/4 = ", Anls.Score("1235", ["1234"]));
        Assert.Equal(["1000 2", "10002", "6", "6.0"], new[] { "1,000 / 2", "1,000-2", "6.", "6.0" }.Select(VqaText.Normalize));
    }

    private static void AssertStands(string before, double number) =>
        Assert.Contains(before + number.ToString("0.0000", CultureInfo.InvariantCulture), Prose, StringComparison.Ordinal);
}
