using VlmSharp.Compute;
using VlmSharp.Compute.Reference;
using VlmSharp.Training.Distributed;
using VlmSharp.Training.Loop;
using VlmSharp.Training.Optimizers;
using VlmSharp.Training.Runs;
using VlmSharp.Training.Tracking;

namespace VlmSharp.Training.Tests.Loop;

/// <summary>A training as in a new process: everything is created from a folder.</summary>
internal sealed class TestRun : IDisposable
{
    private readonly ReferenceBackend backend = new();
    private readonly MetricsFile metrics;

    public TestRun(string folder, string kind = "adamw", DType dtype = DType.F32, Func<TrainerSettings, TrainerSettings>? change = null,
        string fingerprint = "counted", IProcessGroup? group = null)
    {
        Store = RunStore.Open(folder, new Retention(Last: 2), Told.Add);
        Step = new RegressionStep(backend, dtype);
        var settings = new OptimizerSettings { WeightDecay = 0.01, Momentum = kind == "sgd" ? 0.9 : 0 };
        Optimizer = kind switch
        {
            "adamw" => new AdamWOptimizer(backend, Step.Parameters, settings),
            "adamw8bit" => new AdamW8BitOptimizer(backend, Step.Parameters, settings),
            _ => new SgdOptimizer(backend, Step.Parameters, settings),
        };
        metrics = new MetricsFile(Path.Combine(folder, MetricsFile.FileName));
        var own = new TrainerSettings
        {
            LearningRate = 0.01,
            Schedule = new Schedule(ScheduleKind.Cosine, 20, 3),
            Accumulation = 2,
            ClipNorm = 5,
            Seed = 3,
            SaveEvery = 5,
            EvaluateEvery = 4,
        };
        Data = new CountingData(7, [2, 3]) { Fingerprint = fingerprint };
        Trainer = new Trainer<int[]>(change?.Invoke(own) ?? own, Step, Data, Optimizer)
        {
            Store = Store,
            Group = group ?? new SingleProcess(),
            Trackers = [metrics],
            Evaluate = (step, _) =>
            {
                Evaluated?.Invoke(step);
                return new EvaluationResult(new Dictionary<string, double> { ["loss"] = Judge(step) }, []);
            },
            Clock = new StandingClock(),
        };
    }

    public List<string> Told { get; } = [];

    public RunStore Store { get; }

    public RegressionStep Step { get; }

    public CountingData Data { get; }

    public Optimizer Optimizer { get; }

    public Trainer<int[]> Trainer { get; }

    public Action<long>? Evaluated { get; set; }

    public Func<long, double> Judge { get; set; } = step => 1.0 / step;

    public void Dispose()
    {
        metrics.Dispose();
        Optimizer.Dispose();
        Step.Dispose();
        Store.Dispose();
        backend.Dispose();
    }

    /// <summary>Everything that a run has written: the files of its last checkpoint and its metrics.</summary>
    public static Dictionary<string, string> Results(string folder)
    {
        string last = Directory.EnumerateDirectories(folder, "checkpoint-*").Max(StringComparer.Ordinal)!;
        var results = Directory.EnumerateFiles(last)
            .ToDictionary(
                f => Path.GetFileName(f), f => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(f))));
        results["folder"] = Path.GetFileName(last);
        results["metrics"] = File.ReadAllText(Path.Combine(folder, MetricsFile.FileName));
        return results;
    }

    /// <summary>No time passes, so lines of metrics can be compared.</summary>
    private sealed class StandingClock : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }
}
