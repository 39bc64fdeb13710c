using VlmSharp.Conformance;
using VlmSharp.Training.Tracking;

namespace VlmSharp.Training.Tests.Tracking;

public sealed class MlflowTrackerTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly List<string> told = [];

    private static RunInfo Run(long first, int settings = 3) =>
        new("run", first, 10_000, Enumerable.Range(0, settings).ToDictionary(i => $"setting{i}", i => i == 0 ? new string('x', 900) : "v"));

    private void Track(MlflowSettings settings, RunInfo run, int steps)
    {
        using var tracker = new MlflowTracker(settings, told.Add);
        tracker.Begin(run);
        for (int i = 0; i < steps; i++) tracker.OnStep(new StepMetrics(run.FirstStep + i, i == 1 ? double.NaN : 2, 3, 4, 5, 6));
        tracker.OnEvaluation(steps, new EvaluationResult(new Dictionary<string, double> { ["loss"] = 7 }, []));
        tracker.End(RunStatus.Finished);
    }

    [Fact]
    public void Everything_arrives_within_the_servers_limits()
    {
        using var server = new FakeMlflow();
        Track(new MlflowSettings(server.Address) { Token = "secret" }, Run(0, settings: 230), steps: 700);
        Assert.Empty(told);
        Assert.Equal(["GET experiments/get-by-name", "POST experiments/create", "POST runs/create"], server.Calls.Take(3));
        Assert.Equal(230, server.Parameters.Count);
        Assert.Equal(500, server.Parameters["setting0"].Length);
        Assert.Equal(4 * 700 - 1 + 1, server.Metrics.Count); // a loss that is not finite is left out
        Assert.Equal(Enumerable.Range(1, 700).Where(i => i != 2).Select(i => (long)i),
            server.Metrics.Where(m => m.Key == "loss").Select(m => m.Step));
        Assert.Contains(("eval_loss", 7.0, 700L), server.Metrics);
        Assert.Equal("FINISHED", server.Status);
        Assert.All(server.Authorizations, a => Assert.Equal("Bearer secret", a));
    }

    [Fact]
    public void A_resumed_run_is_the_same_run()
    {
        using var server = new FakeMlflow { HasExperiment = true };
        var settings = new MlflowSettings(server.Address) { RunIdFile = folder.At("id"), User = "me", Password = "p" };
        Track(settings, Run(0), steps: 2);
        Assert.Equal("run-of-4", File.ReadAllText(folder.At("id")));
        Track(settings, Run(2), steps: 2);
        Assert.Empty(told);
        Assert.Single(server.Calls, c => c == "POST runs/create");
        Assert.Equal([1, 3], server.Metrics.Where(m => m.Key == "loss").Select(m => m.Step));
        Assert.Equal([1, 2, 3, 4], server.Metrics.Where(m => m.Key == "lr").Select(m => m.Step));
        Assert.All(server.Authorizations, a => Assert.Equal("Basic bWU6cA==", a));
    }

    [Fact]
    public void A_failing_server_is_reported_once_and_costs_nothing()
    {
        using var server = new FakeMlflow { IsBroken = true };
        Track(new MlflowSettings(server.Address), Run(0), steps: 50);
        string message = Assert.Single(told);
        Assert.Contains("127.0.0.1", message, StringComparison.Ordinal);
        Assert.Contains("500", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_server_is_reported_once()
    {
        Uri gone;
        using (var server = new FakeMlflow()) gone = server.Address;
        Track(new MlflowSettings(gone), Run(0), steps: 5);
        Assert.Contains("goes on without it", Assert.Single(told), StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();
}
