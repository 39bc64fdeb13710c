using System.Diagnostics;
using System.Globalization;
using VlmSharp.Compute;
using VlmSharp.Training;
using VlmSharp.Training.Loop;
using VlmSharp.Training.Tracking;

namespace VlmSharp.Cli.Output;

/// <summary>A training as people see it on standard error: one line that moves on a terminal, and a line now and then elsewhere.</summary>
/// <param name="backend">What computes.</param>
internal sealed class TrainingProgress(IComputeBackend backend) : IRunTracker
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    private readonly bool isTerminal = !Console.IsErrorRedirected;
    private RunInfo run = new("", 0, 0, new Dictionary<string, string>());
    private long start, told;

    /// <inheritdoc/>
    public void Begin(RunInfo run)
    {
        this.run = run;
        (start, told) = (Stopwatch.GetTimestamp(), 0);
        string from = run.FirstStep > 0 ? $"going on at step {run.FirstStep} of" : "training";
        Console.Error.WriteLine($"{from} {run.TotalSteps} steps, {run.Settings["trained_numbers"]} numbers in {run.Settings["trained"]} | {backend.Name}: {backend.Description}");
    }

    /// <inheritdoc/>
    public void OnStep(in StepMetrics metrics)
    {
        long done = metrics.Step + 1;
        if (!isTerminal && done < run.TotalSteps && told != 0 && Stopwatch.GetElapsedTime(told) < Quiet) return;
        told = Stopwatch.GetTimestamp();
        double perStep = Stopwatch.GetElapsedTime(start).TotalSeconds / (done - run.FirstStep);
        string line = string.Create(CultureInfo.InvariantCulture,
            $"step {done}/{run.TotalSteps} | loss {metrics.Loss:0.0000} | norm {metrics.GradientNorm:0.00} | lr {metrics.Rate:0.00e0} | {metrics.TokensPerSecond:0} tokens/s | {Left(perStep * (run.TotalSteps - done))} left");
        if (isTerminal) Console.Error.Write($"\r{line}\u001b[K");
        else Console.Error.WriteLine(line);
    }

    /// <inheritdoc/>
    public void OnEvaluation(long step, EvaluationResult result)
    {
        if (isTerminal) Console.Error.WriteLine();
        Console.Error.WriteLine($"evaluation after {step} steps: {string.Join(", ", result.Metrics.Select(m => string.Create(CultureInfo.InvariantCulture, $"{m.Key} {m.Value:0.0000}")))}");
        foreach (SampleGeneration sample in result.Samples)
            Console.Error.WriteLine($"  {Quote(sample.Prompt)} -> {Quote(sample.Answer)}{(sample.Expected is { } expected && expected != sample.Answer ? $", not {Quote(expected)}" : "")}");
    }

    /// <inheritdoc/>
    public void Sync() { }

    /// <inheritdoc/>
    public void End(RunStatus status)
    {
        if (isTerminal) Console.Error.WriteLine();
    }

    /// <inheritdoc/>
    public void Dispose() { }

    /// <summary>How it ended and what to do next: the result on standard output, words on standard error.</summary>
    public static void Finish(FineTuning run, FineTuningOptions options, TrainingEnd end)
    {
        if (run.Skipped > 0) Console.Error.WriteLine($"vlmsharp: {run.Skipped} examples could not be used and were left out");
        if (run.Cut > 0) Console.Error.WriteLine($"vlmsharp: {run.Cut} tokens did not fit --max-text-length and were cut");
        if (end == TrainingEnd.Finished) Console.WriteLine(options.Output);
        else Console.Error.WriteLine($"vlmsharp: stopped after {run.CompletedSteps} of {run.Steps} steps and saved; the same command with --resume goes on");
    }

    /// <summary>Data may hold anything: no control characters reach a terminal.</summary>
    private static string Quote(string text) => $"'{string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c))}'";

    private static string Left(double seconds) => TimeSpan.FromSeconds(Math.Min(seconds, 1e8)) is var time && time.TotalHours >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours} h {time.Minutes} min")
        : time.TotalMinutes >= 1 ? $"{time.Minutes} min {time.Seconds} s" : $"{time.Seconds} s";
}
