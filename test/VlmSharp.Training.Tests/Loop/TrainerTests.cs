using System.Text.Json;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Training.Loop;
using VlmSharp.Training.Optimizers;

namespace VlmSharp.Training.Tests.Loop;

/// <summary>
/// The training loop on a small regression: the definition of a step, and that an interrupted run can be resumed with the same bits.
/// </summary>
public sealed class TrainerTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private Dictionary<string, string> Straight(string kind = "adamw", DType dtype = DType.F32)
    {
        using (var run = new TestRun(folder.At("straight"), kind, dtype)) Assert.Equal(TrainingEnd.Finished, run.Trainer.Run());
        return TestRun.Results(folder.At("straight"));
    }

    private void Finish(Dictionary<string, string> expected, string kind = "adamw", DType dtype = DType.F32)
    {
        using (var run = new TestRun(folder.At("out"), kind, dtype))
        {
            run.Trainer.Resume();
            Assert.Equal(TrainingEnd.Finished, run.Trainer.Run());
            Assert.Equal(20, run.Trainer.CompletedSteps);
            Assert.Equal(1000, run.Trainer.Tokens); // 20 steps of 2 + 3 examples of 10
        }

        Assert.Equal(expected, TestRun.Results(folder.At("out")));
    }

    public static TheoryData<string, DType> Kinds() => new()
    {
        { "adamw", DType.F32 }, { "adamw", DType.BF16 }, { "adamw8bit", DType.F32 }, { "sgd", DType.F32 },
    };

    [Theory, MemberData(nameof(Kinds))]
    public void Twenty_steps_equal_ten_and_another_ten(string kind, DType dtype)
    {
        Dictionary<string, string> expected = Straight(kind, dtype);
        using (var run = new TestRun(folder.At("out"), kind, dtype))
        using (var stop = new StopSignal())
        {
            run.Step.Before = c =>
            {
                // this is the last batch of a step, so the step is completed
                if (c is { Step: 9, Batch: 1 }) stop.Request(TrainingEnd.Interrupted);
            };
            Assert.Equal(TrainingEnd.Interrupted, run.Trainer.Run(stop));
            Assert.Equal(10, run.Trainer.CompletedSteps);
        }

        Finish(expected, kind, dtype);
    }

    /// <summary>If asked to stop between two batches of a step, the loop discards the step and saves the state before it.</summary>
    [Fact]
    public void A_stop_within_a_step_goes_back_to_its_beginning()
    {
        Dictionary<string, string> expected = Straight();
        using (var run = new TestRun(folder.At("out")))
        using (var stop = new StopSignal())
        {
            run.Step.Before = c =>
            {
                if (c is { Step: 7, Batch: 0 }) stop.Request(TrainingEnd.Terminated);
            };
            Assert.Equal(TrainingEnd.Terminated, run.Trainer.Run(stop));
            Assert.Equal([7, 5, 4], run.Store.Steps); // the last two checkpoints and the best one
        }

        Finish(expected);
    }

    /// <summary>A killed run cannot save. Steps after the last checkpoint are repeated and appear in the metrics once.</summary>
    [Fact]
    public void A_run_that_breaks_off_resumes_from_its_last_checkpoint()
    {
        Dictionary<string, string> expected = Straight();
        foreach (int end in new[] { 2, 8, 13, 19 })
        {
            using var run = new TestRun(folder.At("out"));
            run.Trainer.Resume();
            run.Step.Before = c =>
            {
                if (c.Step == end && c.Batch == 1) throw new InvalidOperationException("broken off");
            };
            Assert.Throws<InvalidOperationException>(() => run.Trainer.Run());
        }

        Finish(expected);
        long[] steps =
            [.. expected["metrics"].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)
            .Where(l => l.TryGetProperty("loss", out _)).Select(l => l.GetProperty("step").GetInt64())];
        Assert.Equal(Enumerable.Range(0, 20).Select(i => (long)i), steps);
    }

    /// <summary>The run ends before the n-th change of the file system, for every n of a run with three checkpoints.</summary>
    [Fact]
    public void A_run_that_ends_at_any_change_of_the_disk_can_be_resumed()
    {
        Dictionary<string, string> expected = Straight();
        for (int end = 0; end < 45; end += 4)
        {
            using (var run = new TestRun(folder.At("out")))
            {
                run.Trainer.Resume();
                int left = end;
                run.Store.BeforeChange = _ =>
                {
                    if (left-- == 0) throw new InvalidOperationException("broken off");
                };
                if (Record.Exception(() => run.Trainer.Run()) is { } e) Assert.Equal("broken off", e.Message);
            }

            Finish(expected);
            Directory.Delete(folder.At("out"), recursive: true);
        }
    }

    [Fact]
    public void A_failed_write_ends_the_run_and_keeps_the_previous_checkpoint()
    {
        using (var run = new TestRun(folder.At("out")))
        {
            int saves = 0;
            run.Store.BeforeChange = what =>
            {
                if (what == "manifest" && ++saves == 6) throw new IOException("No space left on device.");
            };
            Assert.Contains("step 15", Assert.Throws<IOException>(() => run.Trainer.Run()).Message, StringComparison.Ordinal);
        }

        Finish(Straight());
    }

    [Fact]
    public void Accumulated_batches_are_one_large_batch_whatever_their_sizes()
    {
        using var parts = new TestRun(folder.At("parts"), change: s => s with { Accumulation = 2 });
        using var whole = new TestRun(folder.At("whole"), change: s => s with { Accumulation = 1 });
        var large = new Trainer<int[]>(
            new TrainerSettings { LearningRate = 0.01, Schedule = new Schedule(ScheduleKind.Cosine, 20, 3), ClipNorm = 5 },
            whole.Step,
            new CountingData(7, [5]),
            whole.Optimizer);
        parts.Step.IsNoisy = whole.Step.IsNoisy = false;
        parts.Trainer.Run();
        large.Run();
        foreach ((Parameter a, Parameter b) in parts.Step.Parameters.Zip(whole.Step.Parameters))
        {
            float[] x = new float[a.Length], y = new float[b.Length];
            a.Read(x);
            b.Read(y);
            TensorAssert.Close(x, y, 2e-4, a.Name); // if a gradient is near 0, Adam's step is still of full size and may have either sign
        }
    }

    [Fact]
    public void The_line_of_a_step_describes_the_gradient_before_the_update()
    {
        using var run = new TestRun(
            folder.At("out"), change: s => s with { Accumulation = 1, Schedule = new Schedule(ScheduleKind.Constant, 1), ClipNorm = 1e-9 });
        run.Step.IsNoisy = false;
        BatchLoss loss = run.Step.Accumulate([0, 1], new StepContext(0, 0, 3, IsLast: true));
        double norm = GradientNorm.Of(run.Optimizer.Backend, run.Step.Parameters) / 2;
        foreach (Parameter parameter in run.Step.Parameters) parameter.ClearGradient();
        run.Trainer.Run();
        JsonElement line = JsonDocument.Parse(File.ReadLines(folder.At("out/metrics.jsonl")).First()).RootElement;
        Assert.Equal(loss.Sum / 2, line.GetProperty("loss").GetDouble(), 1e-9);
        Assert.Equal(norm, line.GetProperty("grad_norm").GetDouble(), 1e-6 * norm);
        Assert.Equal((0, 0.01, 20),
            (line.GetProperty("step").GetInt64(), line.GetProperty("lr").GetDouble(), line.GetProperty("tokens").GetInt64()));
    }

    [Fact]
    public void A_run_is_not_resumed_with_other_settings_or_data()
    {
        using (var run = new TestRun(folder.At("out"), change: s => s with { Other = new Dictionary<string, string> { ["rank"] = "8" } }))
            run.Trainer.Run();
        using (var run = new TestRun(folder.At("out"), "sgd", change: s =>
            s with { LearningRate = 0.02, Other = new Dictionary<string, string> { ["rank"] = "16" } }))
        {
            string message = Assert.Throws<RequestException>(() => run.Trainer.Resume()).Message;
            foreach (string part in new[]
            {
                "learning_rate was '0.01' and is '0.02'", "optimizer was 'adamw' and is 'sgd'", "rank was '8' and is '16'"
            })
                Assert.Contains(part, message, StringComparison.Ordinal);
            Assert.DoesNotContain("seed", message, StringComparison.Ordinal);
        }

        using var other = new TestRun(
            folder.At("out"), change: s => s with { Other = new Dictionary<string, string> { ["rank"] = "8" } }, fingerprint: "changed");
        Assert.Contains("other data", Assert.Throws<RequestException>(() => other.Trainer.Resume()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gradient_that_is_not_a_number_ends_the_run_before_it_does_harm()
    {
        using (var run = new TestRun(folder.At("out")))
        {
            run.Step.Fault = c => c is { Step: 12, Batch: 1 } ? float.NaN : 1;
            Assert.Contains(
                "gradient of step 13", Assert.Throws<RequestException>(() => run.Trainer.Run()).Message, StringComparison.Ordinal);
        }

        Finish(Straight());
    }

    [Fact]
    public void The_best_checkpoint_is_kept()
    {
        using var run = new TestRun(folder.At("out"), change: s => s with { SaveEvery = 5 });
        run.Judge = step => Math.Abs(step - 8); // step 8 is the best
        run.Trainer.Run();
        Assert.Equal([20, 15, 8], run.Store.Steps);
        Assert.Equal("8", run.Store.FindLatest()!.State.Values["best_step"]);
    }

    [Fact]
    public void A_suffix_without_a_token_is_an_error()
    {
        using var run = new TestRun(folder.At("out"));
        var trainer = new Trainer<int[]>(
            new TrainerSettings { LearningRate = 1, Schedule = new Schedule(ScheduleKind.Constant, 1) },
            run.Step,
            new CountingData(7, [0]),
            run.Optimizer);
        Assert.Contains("step 1 ", Assert.Throws<RequestException>(() => trainer.Run()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_finished_run_does_not_continue()
    {
        Dictionary<string, string> expected = Straight();
        using (var run = new TestRun(folder.At("straight")))
        {
            Assert.True(run.Trainer.Resume());
            run.Step.Before = _ => Assert.Fail("There is no step left.");
            Assert.Equal(TrainingEnd.Finished, run.Trainer.Run());
        }

        Assert.Equal(expected, TestRun.Results(folder.At("straight")));
    }

    public void Dispose() => folder.Dispose();
}
