using System.Diagnostics;
using System.Globalization;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Training.Distributed;
using VlmSharp.Training.Loop;
using VlmSharp.Training.Tracking;

namespace VlmSharp.Training.Tests.Distributed;

/// <summary>Runs the test assembly as one of the processes of a training.</summary>
internal static class MpiTraining
{
    /// <summary>The first argument, which selects this program.</summary>
    public const string Name = "mpi";

    /// <summary>Trains the smallest golden model.</summary>
    /// <param name="data">A file of examples.</param>
    /// <param name="output">The run's folder.</param>
    /// <param name="words">
    /// <c>full</c>, <c>bf16</c>, <c>8bit</c>, <c>shard</c>, <c>resume</c>; <c>buckets:BYTES</c>; <c>save:STEPS</c>; <c>kill:RANK</c>, which
    /// kills a process after two steps.
    /// </param>
    /// <returns>The options of the run.</returns>
    public static FineTuningOptions Options(string data, string output, params string[] words)
    {
        return new FineTuningOptions
        {
            Model = GoldenFiles.PathOf("models", "pg1"),
            Data = data,
            Output = output,
            Steps = 6,
            BatchSize = 3,
            Accumulation = 2,
            LearningRate = 1e-3,
            ClipNorm = 1,
            EvaluateEvery = 0,
            Full = words.Contains("full"),
            Precision = words.Contains("bf16") ? DType.BF16 : DType.F32,
            Optimizer = words.Contains("8bit") ? OptimizerKind.AdamW8Bit : OptimizerKind.AdamW,
            ShardOptimizer = words.Contains("shard"),
            Resume = words.Contains("resume"),
            BucketBytes = Number("buckets"),
            SaveEvery = Number("save") ?? 3,
        };

        long? Number(string name) => NumberOf(words, name);
    }

    /// <summary>Runs the process.</summary>
    /// <param name="args">Data, folder, words.</param>
    /// <returns>Its exit code.</returns>
    public static int Run(string[] args)
    {
        using StopSignal stop = StopSignal.Listen();
        using IProcessGroup group = MpiGroup.Join(Environment.GetEnvironmentVariable, TimeSpan.FromMinutes(2), stop.Token);
        try
        {
            using var backend = new CpuBackend(new CpuBackendOptions { Threads = 1 });
            IRunTracker[] trackers = [new MetricsFile(Path.Combine(args[1], MetricsFile.FileName))];
            using FineTuning run =
                FineTuning.Open(Options(args[0], args[1], args[2..]), backend, group, trackers, text => Console.Error.WriteLine(text));
            if (NumberOf(args, "kill") == group.Rank) KillAfterTwoSteps(run);
            return run.Run(stop) switch { TrainingEnd.Finished => 0, TrainingEnd.Interrupted => 130, _ => 143 };
        }
        catch (ProcessGroupException e) when (group.Rank != 0)
        {
            Console.Error.WriteLine(e.Message);
            return 5;
        }
        catch (Exception e)
        {
            Console.Error.WriteLine(e.Message);
            group.Abort(5);
            return 5;
        }
    }

    private static void KillAfterTwoSteps(FineTuning run) => new Thread(() =>
    {
        while (run.CompletedSteps < 2) Thread.Sleep(1);
        Process.GetCurrentProcess().Kill();
    })
    { IsBackground = true }.Start();

    private static long? NumberOf(string[] words, string name) =>
        words.FirstOrDefault(w => w.StartsWith(name + ":", StringComparison.Ordinal)) is { } word
            ? long.Parse(word.AsSpan(name.Length + 1), CultureInfo.InvariantCulture)
            : null;
}
