using System.Globalization;
using VlmSharp.Compute;
using VlmSharp.Training;
using VlmSharp.Training.Loop;

namespace VlmSharp.Cli.Output;

/// <summary>Messages before and after training.</summary>
internal static class TrainingOutput
{
    /// <summary>Reports what will be trained, and on which data.</summary>
    public static void Begin(FineTuning run, IComputeBackend backend)
    {
        string what = run.Model.HasAdapter ? "an adapter" : "the model";
        string numbers = run.Model.Parameters.Sum(p => p.Length).ToString("N0", CultureInfo.InvariantCulture);
        string examples = $"{run.Examples} examples, ";
        string steps = run.CompletedSteps > 0 ? $"from step {run.CompletedSteps + 1} of {run.Steps} on" : $"{run.Steps} steps";
        Console.Error.WriteLine($"training {what}: {numbers} numbers, {examples}{steps} | {backend.Name}: {backend.Description}");
    }

    /// <summary>Reports how training ended and what to do next: the result on standard output, messages on standard error.</summary>
    public static void Finish(FineTuning run, FineTuningOptions options, TrainingEnd end)
    {
        if (run.Skipped > 0) Console.Error.WriteLine($"vlmsharp: {run.Skipped} examples could not be used and were left out");
        if (run.Cut > 0) Console.Error.WriteLine($"vlmsharp: {run.Cut} tokens did not fit --max-text-length and were cut");
        if (run.BestStep is { } best && best != run.CompletedSteps)
            Console.Error.WriteLine(
                $"the evaluation was best after {best} steps: {run.BestFolder} has that; "
                + $"the result is that of step {run.CompletedSteps}");
        if (end == TrainingEnd.Finished) Console.WriteLine(MessageWriter.Name(options.Output));
        else
            Console.Error.WriteLine(
                $"vlmsharp: stopped after {run.CompletedSteps} of {run.Steps} steps and saved; "
                + "the same command with --resume goes on");
    }
}
