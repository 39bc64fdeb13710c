namespace VlmSharp.Training.Tests.Distributed;

public sealed class PlanTests(TwoProcesses two) : IClassFixture<TwoProcesses>
{
    /// <summary>
    /// A batch of four is two for each of two processes. Gradients are collected in buckets, and each process keeps half of the states, in
    /// whole parameters.
    /// </summary>
    [Fact]
    public void A_process_of_two_needs_half_a_batch_its_buckets_and_its_share_of_the_states()
    {
        FineTuningOptions options = MpiTraining.Options(two.Data, two.At("plan"), "full") with { BatchSize = 4 };
        TrainingPlan half = Plan(options with { BatchSize = 2 });
        TrainingPlan each = Plan(options, processes: 2), shard = Plan(options with { ShardOptimizer = true }, processes: 2);
        Assert.Equal(half with { StepBytes = half.StepBytes + sizeof(float) * half.TrainedNumbers }, each with { Processes = 1 });
        Assert.InRange(shard.OptimizerBytes, each.OptimizerBytes / 2, each.OptimizerBytes - 1);
        Assert.Equal(each.StepBytes, shard.StepBytes);
        Assert.Equal(each.OptimizerBytes, half.OptimizerBytes);
    }

    [Fact]
    public void What_does_not_fit_may_fit_with_shared_states()
    {
        FineTuningOptions options = MpiTraining.Options(two.Data, two.At("plan"), "full");
        using TrainingInputs inputs = TrainingInputs.Open(options);
        TrainingPlan plan = TrainingPlan.For(inputs, processes: 2);
        var error = Assert.Throws<RequestException>(() => plan.Require(inputs, plan.PrivateBytes - 1, copies: false));
        Assert.Contains("It fits with --shard-optimizer.", error.Message, StringComparison.Ordinal);
    }

    private static TrainingPlan Plan(FineTuningOptions options, int processes = 1)
    {
        using TrainingInputs inputs = TrainingInputs.Open(options);
        return TrainingPlan.For(inputs, processes);
    }
}
