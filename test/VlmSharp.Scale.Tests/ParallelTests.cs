using VlmSharp.Conformance;

namespace VlmSharp.Scale.Tests;

/// <summary>GNU parallel as docs/scale.md uses it.</summary>
public sealed class ParallelTests
{
    [ToolFact("parallel")]
    public async Task Parts_run_and_rerun_by_parallel_give_the_result_of_one_process()
    {
        const int Parts = 3;
        using var work = new Work(20);
        string output = work.At("out"), log = work.At("jobs.log");
        // The second part fails at first. Its line in the log makes --resume-failed run it again.
        string once = $"if [ {{}} = 1 ] && mkdir {work.At("failed")} 2> /dev/null; then exit 75; fi; ";
        string command = $"{once}dotnet {Tool.Vlmsharp} batch {work.List} --out {output} --shards {Parts} --shard {{}} -q";
        string[] run =
        [
            "--will-cite", "--jobs", "2", "--joblog", log, "--resume-failed", command, ":::",
            .. Enumerable.Range(0, Parts).Select(i => $"{i}")
        ];
        (int failed, _, _) = await Tool.RunAsync("parallel", run);
        Assert.Equal(1, failed); // parallel's exit code is the number of failed jobs
        (int code, _, string errors) = await Tool.RunAsync("parallel", run);
        Assert.True(code == 0, errors);
        Assert.Equal(await work.AloneAsync(), await Work.MergedAsync(output));
    }
}
