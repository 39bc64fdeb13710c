using System.Text.Json;
using VlmSharp.Conformance;
using VlmSharp.Training.Tracking;

namespace VlmSharp.Training.Tests.Tracking;

public sealed class MetricsFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string PathOf => folder.At("metrics.jsonl");

    private static RunInfo Run(long first) => new("run", first, 10, new Dictionary<string, string>());

    private static StepMetrics Step(long step) => new(step, 1.5 - step, 0.25, 1e-5, 7, 3.5);

    private void Write(long first, params long[] steps)
    {
        using var file = new MetricsFile(PathOf);
        file.Begin(Run(first));
        foreach (long step in steps)
        {
            file.OnStep(Step(step));
            if (step == 1)
                file.OnEvaluation(2, new EvaluationResult(new Dictionary<string, double> { ["loss"] = 2 }, [new("p", "e", "a\n\"")]));
        }
    }

    private long[] StepsWithLoss() => [
        .. File.ReadAllLines(PathOf)
            .Select(l => JsonDocument.Parse(l).RootElement)
            .Where(l => l.TryGetProperty("loss", out _))
            .Select(l => l.GetProperty("step").GetInt64())
    ];

    [Fact]
    public void A_line_has_what_other_tools_read()
    {
        Write(0, 0);
        Assert.Equal(
            """{"step":0,"loss":1.5,"grad_norm":0.25,"lr":1E-05,"tokens":7,"tokens_per_s":3.5}""" + "\n", File.ReadAllText(PathOf));
    }

    [Fact]
    public void Other_lines_have_no_loss()
    {
        Write(0, 0, 1);
        string[] lines = File.ReadAllLines(PathOf);
        Assert.Equal("""{"step":2,"kind":"eval","eval_loss":2}""", lines[2]);
        Assert.Equal("""{"step":2,"kind":"sample","prompt":"p","expected":"e","answer":"a\n\""}""", lines[3]);
        Assert.Equal([0, 1], StepsWithLoss());
    }

    /// <summary>The evaluation after two steps belongs to the checkpoint of two steps, not to that of one step.</summary>
    [Theory]
    [InlineData(2, 4)]
    [InlineData(1, 1)]
    [InlineData(0, 0)]
    public void Lines_after_the_checkpoint_are_cut(long checkpoint, int lines)
    {
        Write(0, 0, 1, 2, 3);
        using (var file = new MetricsFile(PathOf)) file.Begin(Run(checkpoint));
        Assert.Equal(lines, File.ReadAllLines(PathOf).Length);
        Write(checkpoint, [.. Enumerable.Range((int)checkpoint, 4 - (int)checkpoint)]);
        Assert.Equal([0, 1, 2, 3], StepsWithLoss());
    }

    [Theory]
    [InlineData("{\"step\":2,\"lo")]
    [InlineData("{\"step\":2,\"loss\":1}")] // complete except for the line end
    [InlineData("\0\0\0\0\n")]
    [InlineData("[1]\n{\"step\":0,\"loss\":1}\n")]
    public void A_torn_last_line_is_cut(string torn)
    {
        Write(0, 0);
        File.AppendAllText(PathOf, torn);
        Write(1, 1, 2);
        Assert.Equal([0, 1, 2], StepsWithLoss());
        Assert.Equal('\n', File.ReadAllText(PathOf)[^1]);
    }

    [Fact]
    public void What_is_not_finite_is_null()
    {
        using (var file = new MetricsFile(PathOf))
        {
            file.Begin(Run(0));
            file.OnStep(new StepMetrics(0, double.NaN, double.PositiveInfinity, 0, 1, 0));
        }

        Assert.Equal("""{"step":0,"loss":null,"grad_norm":null,"lr":0,"tokens":1,"tokens_per_s":0}""" + "\n", File.ReadAllText(PathOf));
    }

    public void Dispose() => folder.Dispose();
}
