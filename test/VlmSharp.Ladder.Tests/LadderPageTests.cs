using System.Globalization;
using VlmSharp.Conformance;
using VlmSharp.Ladder.Attention;
using VlmSharp.Ladder.Exercises;
using VlmSharp.Ladder.MatrixProduct;

namespace VlmSharp.Ladder.Tests;

/// <summary>The pages lead up the ladders, rung by rung, and what they show is what the code computes.</summary>
public sealed class LadderPageTests
{
    private const string MatMul = "VlmSharp.Cpu/Kernels/Products/MatMul.md", Attention = "VlmSharp.Cpu/Kernels/Attention/Attention.md";
    private const string Quantization = "VlmSharp.Cpu/Kernels/Products/Quantization.md", Tour = "docs/tour.md";

    [Theory, InlineData("MatrixProduct", MatMul), InlineData("Attention", Attention)]
    public void The_tour_and_the_page_link_every_rung_in_its_order(string ladder, string page)
    {
        string[] rungs = [.. Directory.EnumerateFiles(Path.Combine(GoldenFiles.Root, "bench/VlmSharp.Ladder", ladder), "Rung*.cs")
            .Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)];
        Assert.True(rungs.Length >= 5);
        foreach (string path in new[] { Tour, page })
        {
            int[] places = [.. rungs.Select(rung => Read(path).IndexOf($"/{ladder}/{rung})", StringComparison.Ordinal))];
            Assert.All(places, (place, i) => Assert.True(place >= 0, $"{path} has no link to {rungs[i]}."));
            Assert.Equal(places.Order(), places);
        }
    }

    /// <summary>A reader sees a file of the ladder, rung or helper, without scrolling far: 60 lines of code, 20 of words.</summary>
    [Theory, InlineData("MatrixProduct"), InlineData("Attention")]
    public void A_rung_is_about_a_page(string ladder) => Assert.All(
        Directory.EnumerateFiles(Path.Combine(GoldenFiles.Root, "bench/VlmSharp.Ladder", ladder), "*.cs"),
        path =>
        {
            string[] lines = File.ReadAllLines(path);
            Assert.InRange(lines.Length, 10, 80);
            Assert.InRange(lines.Count(line => line.Trim() is [_, ..] text && !text.StartsWith("//", StringComparison.Ordinal)), 5, 60);
        });

    /// <summary>New measurements go into both the kernel's page and the tour.</summary>
    [Fact]
    public void The_tables_of_figures_have_every_rung_and_the_tour_the_same_figures()
    {
        AssertFigures(MatMul, "MatrixProduct", [.. ProductLadder.Rungs.Select(rung => rung.Name)]);
        AssertFigures(Attention, "Attention", [.. AttentionLadder.Rungs.Select(rung => rung.Name)]);

        static void AssertFigures(string page, string ladder, string[] rungs)
        {
            for (int i = 0; i < rungs.Length; i++)
            {
                string row = Read(page).Split('\n').Single(line => line.StartsWith($"| {i + 1} {rungs[i]} | ", StringComparison.Ordinal));
                string ofThePeak = row[(row.TrimEnd('|').LastIndexOf('|') + 1)..];
                string link = $"/VlmSharp.Ladder/{ladder}/Rung{i + 1}";
                string onTheTour = Read(Tour).Split('\n').Single(line => line.Contains(link, StringComparison.Ordinal));
                Assert.EndsWith(ofThePeak, onTheTour, StringComparison.Ordinal);
            }
        }
    }

    [Theory, InlineData(MatMul), InlineData(Attention), InlineData(Quantization)]
    public void A_kernels_page_goes_from_the_equation_to_the_appendix(string page)
    {
        string text = Read(page);
        string[] headings =
            ["The equation", "The loop", "The picture", "Registers", "Caches", "Figures", "Exercise", "Appendix: what did not help"];
        int[] places = [.. headings.Select(heading => text.IndexOf($"\n## {heading}\n", StringComparison.Ordinal))];
        Assert.All(places, (place, i) => Assert.True(place > 0, $"{page} has no heading {headings[i]}."));
        Assert.Equal(places.Order(), places);
    }

    [Theory]
    [InlineData(Tour), InlineData("docs/operator.md"), InlineData("docs/gradient.md"), InlineData("docs/sigmoid-loss.md")]
    [InlineData(MatMul), InlineData(Attention), InlineData(Quantization)]
    public void A_lesson_has_an_exercise_with_a_solution(string page)
    {
        string text = Read(page);
        int exercise = text.IndexOf("\n## Exercise\n", StringComparison.Ordinal);
        Assert.True(exercise > 0, $"{page} has no exercise.");
        Assert.True(text.IndexOf("\nSolution. ", exercise, StringComparison.Ordinal) > 0, $"{page} has no solution.");
    }

    /// <summary>Six keys in three blocks: the scores and values of the drawing, and what is left of them after each block.</summary>
    [Fact]
    public void The_drawing_of_the_running_softmax_shows_what_it_computes()
    {
        float[][] scores = [[1, 3], [2, 0], [5, 4]], values = [[1, 2], [0, 4], [3, -1]];
        string drawing = Read("docs/images/running-softmax.svg");
        SoftmaxPart sum = new(float.NegativeInfinity, 0, [0]);
        for (int block = 0; block < 3; block++)
        {
            float before = sum.Largest;
            for (int j = 0; j < 2; j++)
            {
                sum = sum.JoinedWith(SoftmaxPart.Of(scores[block][j], [values[block][j]]));
                foreach (float number in new[] { scores[block][j], values[block][j] }) AssertShown($"{number}");
            }

            AssertShown($"{sum.Largest}");
            AssertShown(Digits(sum.Total));
            AssertShown(Digits(sum.Sum[0]));
            AssertShown($"weights relative to m = {sum.Largest}");
            if (block > 0) AssertShown($"old sums x {Digits(MathF.Exp(before - sum.Largest))}");
        }

        Assert.Contains($">y = o / l = {Digits(sum.Result[0])}.", drawing, StringComparison.Ordinal);

        void AssertShown(string text) => Assert.Contains($">{text}</text>", drawing, StringComparison.Ordinal);
        string Digits(float value) => value.ToString("0.0000", CultureInfo.InvariantCulture);
    }

    private static string Read(string path) => File.ReadAllText(Path.Combine(GoldenFiles.Root, path)).ReplaceLineEndings("\n");
}
