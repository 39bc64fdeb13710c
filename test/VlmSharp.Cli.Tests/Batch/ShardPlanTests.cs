using VlmSharp.Cli.Batch;
using VlmSharp.Cli.Errors;

namespace VlmSharp.Cli.Tests.Batch;

/// <summary>Which items belong to which shard.</summary>
public sealed class ShardPlanTests
{
    private static ShardPlan Plan(int? shard, int? shards, params (string Name, string Value)[] environment) =>
        ShardPlan.From(shard, shards, name => environment.FirstOrDefault(e => e.Name == name).Value);

    [Theory, InlineData(0, 1), InlineData(1, 1), InlineData(10, 3), InlineData(2, 5), InlineData(100, 7)]
    public void ShardsDivideTheWork(int items, int shards)
    {
        var seen = new List<long>();
        for (int i = 0; i < shards; i++)
        {
            var plan = new ShardPlan(i, shards);
            for (long k = 0; k < plan.CountOf(items); k++) seen.Add(plan.IndexOf(k));
        }

        Assert.Equal(Enumerable.Range(0, items).Select(i => (long)i), seen.Order());
    }

    [Fact]
    public void WithoutAnythingItIsAllTheWork() => Assert.Equal(new ShardPlan(0, 1), Plan(null, null));

    [Fact]
    public void SchedulersAreHeard()
    {
        Assert.Equal(
            new ShardPlan(2, 8),
            Plan(null, null, ("SLURM_ARRAY_TASK_ID", "3"), ("SLURM_ARRAY_TASK_COUNT", "8"), ("SLURM_ARRAY_TASK_MIN", "1")));
        Assert.Equal(new ShardPlan(3, 4), Plan(null, null, ("OMPI_COMM_WORLD_RANK", "3"), ("OMPI_COMM_WORLD_SIZE", "4")));
        Assert.Equal(new ShardPlan(1, 2), Plan(null, null, ("PMI_RANK", "1"), ("PMI_SIZE", "2")));
        Assert.Equal(new ShardPlan(5, 6), Plan(null, null, ("SLURM_PROCID", "5"), ("SLURM_NTASKS", "6")));
        Assert.Equal(new ShardPlan(4, 9), Plan(null, 9, ("JOB_COMPLETION_INDEX", "4")));
        Assert.Equal(new ShardPlan(7, 8), Plan(null, 8, ("AWS_BATCH_JOB_ARRAY_INDEX", "7")));
        Assert.Equal(new ShardPlan(0, 1), Plan(null, null, ("JOB_COMPLETION_INDEX", "4"))); // the number of shards is unknown
    }

    private static ShardPlan InArray(int? shards, int task, int count, int min, int max) => Plan(
        null, shards, ("SLURM_ARRAY_TASK_ID", $"{task}"), ("SLURM_ARRAY_TASK_COUNT", $"{count}"), ("SLURM_ARRAY_TASK_MIN", $"{min}"),
        ("SLURM_ARRAY_TASK_MAX", $"{max}"));

    [Fact]
    public void A_task_of_a_whole_array_is_the_shard_at_its_place()
    {
        Assert.Equal(new ShardPlan(2, 8), InArray(8, 3, 8, 1, 8));
        Assert.Equal(new ShardPlan(2, 8), InArray(null, 3, 8, 1, 8));
        Assert.Equal(new ShardPlan(7, 8), InArray(8, 107, 8, 100, 107));
    }

    [Fact]
    public void A_task_that_is_submitted_again_keeps_its_shard()
    {
        Assert.Equal(new ShardPlan(3, 8), InArray(8, 3, 1, 3, 3));
        Assert.Equal(new ShardPlan(5, 8), InArray(8, 5, 3, 3, 7)); // --array=3-7:2
        Assert.Equal(new ShardPlan(6, 8), InArray(8, 6, 2, 1, 6)); // --array=1,6
    }

    [Fact]
    public void An_array_whose_numbers_are_no_shards_is_refused_with_what_to_do()
    {
        Assert.Contains("0 to 7", Assert.Throws<UsageException>(() => InArray(8, 8, 1, 8, 8)).Message);
        Assert.Contains("--shards", Assert.Throws<UsageException>(() => InArray(null, 14, 8, 0, 14)).Message); // --array=0-14:2
    }

    [Fact]
    public void TheCommandLineComesFirst()
    {
        Assert.Equal(new ShardPlan(1, 3), Plan(1, 3, ("OMPI_COMM_WORLD_RANK", "3"), ("OMPI_COMM_WORLD_SIZE", "4")));
        Assert.Equal(new ShardPlan(0, 1), Plan(null, 1, ("OMPI_COMM_WORLD_RANK", "3"), ("OMPI_COMM_WORLD_SIZE", "4")));
    }

    [Theory, InlineData(3, 3), InlineData(-1, 3), InlineData(0, 0), InlineData(0, 100_000), InlineData(null, 2), InlineData(1, null)]
    public void NumbersThatDoNotFitAreRefused(int? shard, int? shards) => Assert.Throws<UsageException>(() => Plan(shard, shards));
}
