using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;
using VlmSharp.Training.Distributed;
using VlmSharp.Training.Loop;
using VlmSharp.Training.Optimizers;
using VlmSharp.Training.Runs;
using VlmSharp.Training.Tests.Loop;

namespace VlmSharp.Training.Tests.Distributed;

/// <summary>What the first process does when the other one is lost. There is one sum before each step and one in the step.</summary>
public sealed class LostProcessTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly FakeGroup group = new();

    private TestRun Start(string name) => new(folder.At(name), change: s => s with { SaveEvery = 0, EvaluateEvery = 0 }, group: group);

    /// <summary>
    /// If the process is lost between steps or within one, the last complete step is saved, and the resumed run has the same result.
    /// </summary>
    [Theory]
    [InlineData(14, 7), InlineData(15, 7)]
    public void The_running_step_is_dropped_and_the_last_complete_one_saved(int sum, long step)
    {
        using (TestRun whole = Start("out")) whole.Trainer.Run();
        Dictionary<string, string> expected = TestRun.Results(folder.At("out"));
        Directory.Delete(folder.At("out"), recursive: true);

        int before = group.Sums;
        group.OnSum = (i, _) =>
        {
            if (i == before + sum) throw new ProcessGroupException("gone");
        };
        using (TestRun run = Start("out"))
        {
            Assert.Throws<ProcessGroupException>(() => run.Trainer.Run());
            Assert.Equal([step], run.Store.Steps);
        }

        int resumed = group.Sums; // after that, each process tells the others which step it found
        group.OnSum = (i, steps) => steps.Span[1] = i == resumed ? steps.Span[0] : steps.Span[1];
        using (TestRun rest = Start("out"))
        {
            Assert.True(rest.Trainer.Resume());
            rest.Trainer.Run();
        }

        Assert.Equal(expected, TestRun.Results(folder.At("out")));
    }

    [Fact]
    public void A_request_to_stop_in_the_meantime_is_honored()
    {
        using var stop = new StopSignal();
        group.OnSum = (i, _) =>
        {
            if (i != 5) return;
            stop.Request(TrainingEnd.Terminated); // the signal of the launcher when a process has ended
            throw new ProcessGroupException("gone");
        };
        using TestRun run = Start("out");
        Assert.Equal(TrainingEnd.Terminated, run.Trainer.Run(stop));
        Assert.Equal([2L], run.Store.Steps);
    }

    /// <summary>A launcher may signal only one process; the others stop for the same reason.</summary>
    [Fact]
    public void A_reason_to_stop_of_any_process_holds_for_all()
    {
        group.OnSum = (i, values) => values.Span[1] += i == 6 ? 1 : 0;
        using TestRun run = Start("out");
        using var stop = new StopSignal();
        Assert.Equal(TrainingEnd.Terminated, run.Trainer.Run(stop));
        Assert.Equal([3L], run.Store.Steps);
    }

    [Fact]
    public void Processes_that_find_different_checkpoints_do_not_resume()
    {
        using (TestRun first = Start("out")) first.Trainer.Run();
        group.OnSum = (_, steps) => steps.Span[1] = -1;
        using TestRun run = Start("out");
        var error = Assert.Throws<RequestException>(() => run.Trainer.Resume());
        Assert.Contains(
            "Process 0 goes on from the checkpoint of step 20 and process 1 from no checkpoint", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Half-updated parameters belong to no step, and incomplete optimizer states cannot be saved.</summary>
    [Fact]
    public void With_sharded_states_the_previous_checkpoint_counts()
    {
        using TestRun run = Start("out");
        group.OnSum = (i, _) =>
        {
            if (i == 9) throw new ProcessGroupException("gone");
        };
        using var optimizer = new AdamWOptimizer(run.Optimizer.Backend, run.Optimizer.Parameters, run.Optimizer.Settings)
        {
            Shards = new OptimizerShards(group, run.Optimizer.Parameters)
        };
        var settings = new TrainerSettings { LearningRate = 0.01, Schedule = new Schedule(ScheduleKind.Constant, 20) };
        Trainer<int[]> trainer = new(settings, run.Step, run.Data, optimizer) { Store = run.Store, Group = group };
        Assert.Throws<ProcessGroupException>(() => trainer.Run());
        Assert.True(trainer.CompletedSteps > 1);
        Assert.Empty(run.Store.Steps);
    }

    [Fact]
    public void States_are_sharded_evenly_and_identically_in_each_process()
    {
        using var backend = new ReferenceBackend();
        Parameter[] parameters =
            [.. new[] { 3, 50, 7, 7, 30, 1, 20 }.Select((n, i) => Parameter.Create(backend, $"p{i}", 1, n, new float[n]))];
        OptimizerShards[] shards = [new(new FakeGroup(0), parameters), new(new FakeGroup(1), parameters)];
        Assert.All(parameters, p => Assert.Single(shards, s => s.IsOwn(p)));
        Assert.Equal([60, 58], shards.Select(s => parameters.Where(s.IsOwn).Sum(p => p.Length)));
        foreach (Parameter parameter in parameters) parameter.Dispose();
    }

    public void Dispose() => folder.Dispose();
}
