using VlmSharp.Training.Tracking;

namespace VlmSharp.Training.Tests.Tracking;

public sealed class LossCurveTests
{
    [Fact]
    public void A_falling_line_goes_from_the_upper_left_to_the_lower_right() =>
        Assert.Equal(["      4 \u2502\u2811\u2884"], LossCurve.Draw([4, 3, 2, 1], 16, 1).Select(l => l));

    [Fact]
    public void A_long_run_fits_and_shows_its_ends()
    {
        double[] values = [.. Enumerable.Range(0, 100_000).Select(i => 10.0 / (1 + i / 1000.0))];
        IReadOnlyList<string> lines = LossCurve.Draw(values, 60, 5);
        Assert.Equal(5, lines.Count);
        Assert.All(lines, line => Assert.Equal(60, line.Length));
        Assert.NotEqual('\u2800', lines[0][9]);
        Assert.NotEqual('\u2800', lines[4][59]);
        Assert.Equal('\u2800', lines[0][59]);
    }

    [Fact]
    public void Without_values_nothing_is_drawn_and_a_constant_is_a_line()
    {
        Assert.Empty(LossCurve.Draw([], 20, 3));
        Assert.Empty(LossCurve.Draw([double.NaN, double.PositiveInfinity], 20, 3));
        Assert.Equal("      2 \u2502\u2809", LossCurve.Draw([2, 2], 20, 1)[0]);
        Assert.Equal([1.5, null], LossCurve.Means([1, 2, double.NaN, double.NaN], 2));
    }

    [Fact]
    public void Without_a_terminal_there_are_lines_without_control_codes()
    {
        var output = new StringWriter { NewLine = "\n" };
        using var progress = new ConsoleProgress(output, isTerminal: false, () => 80);
        progress.Begin(new RunInfo("run", 0, 2, new Dictionary<string, string>()));
        progress.OnStep(new StepMetrics(0, 1.25, 0.5, 1e-5, 10, 20));
        progress.OnStep(new StepMetrics(1, 1, 0.5, 1e-5, 10, 20));
        progress.OnEvaluation(2, new EvaluationResult(new Dictionary<string, double> { ["loss"] = 1 }, [new("what\u001b", "cat", "dog")]));
        progress.End(RunStatus.Finished);
        string text = output.ToString();
        Assert.DoesNotContain('\u001b', text);
        Assert.StartsWith("step 1 of 2 | loss 1.25 | grad 0.5 | lr 1E-05 | 20 tokens/s |", text);
        Assert.Contains("step 2 of 2", text, StringComparison.Ordinal);
        Assert.Contains("after 2 steps: eval loss 1", text, StringComparison.Ordinal);
        Assert.Contains(@"'what\u001b' -> 'dog' (expected 'cat')", text, StringComparison.Ordinal);
    }

    [Fact]
    public void On_a_terminal_the_curve_is_overwritten()
    {
        var output = new StringWriter { NewLine = "\n" };
        using var progress = new ConsoleProgress(output, isTerminal: true, () => 40, new Clock());
        progress.Begin(new RunInfo("run", 0, 3, new Dictionary<string, string>()));
        for (int i = 0; i < 3; i++) progress.OnStep(new StepMetrics(i, 3 - i, 0.5, 1e-5, 10, 20));
        Assert.Equal(2, output.ToString().Split("\u001b[9A\u001b[J").Length - 1);
        Assert.Contains("\u2502", output.ToString(), StringComparison.Ordinal);
    }

    private sealed class Clock : TimeProvider
    {
        private long now;

        public override long GetTimestamp() => now += TimestampFrequency;
    }
}
