using System.Diagnostics;
using System.Globalization;
using VlmSharp.Compute;
using VlmSharp.Cpu;
using VlmSharp.Cpu.Measurement;
using VlmSharp.Models;
using VlmSharp.Training;
using VlmSharp.Training.Gradients;
using VlmSharp.Training.Loop;
using VlmSharp.Training.Optimizers;

namespace VlmSharp.Bench.Training;

/// <summary>
/// What a training step takes: its time, its share of the multiply-add peak, and its memory compared with the plan.
/// </summary>
internal static class TrainingProgram
{
    private const string Usage =
        "usage: training MODEL_DIR [lora|qlora|full] [--batch N] [--text N] [--steps N] [--threads N] [--no-checkpointing] [--operators]";

    public static int Run(string[] args)
    {
        if (args.Length == 0)
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        string kind = args.Length > 1 && !args[1].StartsWith('-') ? args[1] : "lora";
        int batch = Number(args, "--batch", 1), text = Number(args, "--text", 32), steps = Number(args, "--steps", 3);
        var options = new FineTuningOptions
        {
            Model = args[0],
            Data = "",
            Output = "",
            Steps = steps,
            LearningRate = 1e-4,
            BatchSize = batch,
            Full = kind == "full",
            Quantization = kind == "qlora" ? DType.Nf4 : null,
            Checkpointing = !args.Contains("--no-checkpointing"),
        };
        using var backend = new CpuBackend(new CpuBackendOptions { Threads = Number(args, "--threads", Environment.ProcessorCount) });
        int prefix = Math.Max(2, text / 2), suffix = text - prefix;
        TrainingPlan plan = TrainingPlan.For(options, 1, prefix, suffix);
        Console.WriteLine($"{backend.Description}\nplan: {plan}, private {TrainingPlan.Gigabytes(plan.PrivateBytes)}");
        var trainable = new TrainableOptions
        {
            IsTrained = _ => options.Full,
            NewAdapter = options.Full ? null : options.NewAdapter,
            Quantization = options.Quantization,
            Checkpointing = options.Checkpointing,
        };
        long start = Stopwatch.GetTimestamp();
        using OperatorTimes? times = args.Contains("--operators") ? new OperatorTimes(backend) : null;
        using TrainableModel model = TrainableModel.Open(options.Model, times is null ? backend : times, trainable);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"opened in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s"));
        Measure(model, backend, times, options, plan, prefix, suffix, steps);
        return 0;
    }

    private static void Measure(
        TrainableModel model, CpuBackend backend, OperatorTimes? times, FineTuningOptions options, TrainingPlan plan, int prefix,
        int suffix, int steps)
    {
        using var step = new ModelStep(model, new LossOptions());
        using var optimizer = new AdamWOptimizer(backend, model.Parameters, new OptimizerSettings());
        TrainingSequence[] examples =
            [.. Enumerable.Range(0, options.BatchSize).Select(i => Example(model.Network.Config, prefix, suffix, i))];
        double flops = StepFlops(model.Network.Config, options, prefix, suffix, plan.Tokens);
        using var probe = new LimitProbe(backend);
        for (int i = 0; i < steps; i++)
        {
            // measured next to the step, because other programs slow both
            double peak = probe.Measure().Best(probe.Measure()).FmaPeak * 1e9;
            times?.Reset();
            long start = Stopwatch.GetTimestamp();
            BatchLoss loss = step.Accumulate(examples, new StepContext(i, 0, 0, IsLast: true));
            double gradient = Stopwatch.GetElapsedTime(start).TotalSeconds;
            optimizer.Step(options.LearningRate, 1, 1 / loss.Weight);
            double whole = Stopwatch.GetElapsedTime(start).TotalSeconds;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"step {i}: loss {loss.Sum / loss.Weight:0.000}, {whole:0.00} s of which the optimizer {whole - gradient:0.00} s, "
                + $"{loss.Tokens / whole:0.0} tokens/s, "
                + $"{flops / 1e9:0} GFLOP at {flops / whole / 1e9:0} GFLOP/s, {flops / whole / peak:P0} of {peak / 1e9:0}, "
                + $"resident {TrainingPlan.Gigabytes(Environment.WorkingSet)}, "
                + $"private {TrainingPlan.Gigabytes(Process.GetCurrentProcess().PrivateMemorySize64)}"));
            if (times is not null) Console.WriteLine(times.Table());
        }
    }

    /// <summary>
    /// The multiply-adds: each product runs forward, and backward once for its input and once for its weight if that is trained. A block
    /// that is run again counts once more, and the scores of the head once more for each of its gradients.
    /// </summary>
    private static double StepFlops(PaliGemmaConfig config, FineTuningOptions options, int prefix, int suffix, int tokens)
    {
        var cost = new ModelCost(config);
        TextConfig t = config.Text;
        double head = 2.0 * t.HiddenSize * t.VocabSize, vision = cost.VisionFlops(), decoder = cost.PrefillFlops(tokens) - head;
        int passes = (options.Full ? 3 : 2) + (options.Checkpointing ? 1 : 0);
        return options.BatchSize * (vision * (options.Full ? passes : 1) + decoder * passes + head * suffix * (options.Full ? 5 : 3));
    }

    private static TrainingSequence Example(PaliGemmaConfig config, int prefix, int suffix, int number)
    {
        int pictures = config.Vision.Patches, side = config.Vision.ImageSize;
        int[] ids = new int[pictures + prefix + suffix];
        for (int i = 0; i < ids.Length; i++)
            ids[i] = i < pictures ? config.ImageTokenId : (500 + 31 * i + number) % (config.ImageTokenId / 2);
        float[] pixels = [.. Enumerable.Range(0, 3 * side * side).Select(i => (i * 7 % 255 - 127) / 128f)];
        return new TrainingSequence(ids, pictures + prefix, [pixels]);
    }

    private static int Number(string[] args, string name, int fallback) =>
        Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length
            ? int.Parse(args[at + 1], CultureInfo.InvariantCulture)
            : fallback;
}
