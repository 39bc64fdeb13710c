using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Compute;
using VlmSharp.Training;
using VlmSharp.Training.Distributed;
using VlmSharp.Training.Loop;
using VlmSharp.Training.Tracking;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp train</c>: fine-tunes a model, or an adapter for it.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var options = new TrainOptionsBinder();
        var backend = new BackendOptionsBinder();
        Option<string?> config = new("--config")
        {
            Description = "A JSON file of options by their long names; the command line overrides it.",
            HelpName = "FILE",
        };
        FileList.RefuseEmpty(config);
        Option<bool> plan = new("--plan") { Description = "Say how much memory the training will take, and end." };
        const string Description = "Fine-tunes a model: an adapter (LoRA), an adapter on a quantized model (QLoRA), or the model itself.";
        var command = new ExampleCommand("train", Description, """
            Without --full and --adapter an adapter of rank 8 is begun on all linear layers of the decoder. At the end --out holds the
            adapter in PEFT's layout (or with --full the model), metrics.jsonl, TensorBoard files, report.html and the checkpoints, and
            with --eval-data the best adapter or model in OUT/best; MLflow follows where MLFLOW_TRACKING_URI is set. Ctrl-C saves and
            ends with exit code 130, SIGTERM with 143; the same command with --resume goes on, bit for bit.
            --data, --out, --lr, and one of --steps and --epochs are needed; all else has defaults.

            Examples:
              vlmsharp train --data train.jsonl --out my-adapter --epochs 3 --batch-size 4 --lr 2e-4 --eval-data eval.jsonl
              vlmsharp train --model paligemma-3b-pt-224 --quantize nf4 --lora-rank 16 --data train.jsonl --out q --steps 500 \
                --batch-size 2 --accumulate 8 --lr 1e-4 --schedule cosine --warmup-steps 20 --clip 1
              vlmsharp train --full --freeze vision --data train.jsonl --out model --epochs 1 --batch-size 8 --lr 1e-5
              vlmsharp train --resume --config run.json
              mpirun -n 4 vlmsharp train --data train.jsonl --out my-adapter --epochs 3 --batch-size 16 --lr 2e-4
            """);
        options.AddTo(command, backend, plan, config);
        command.SetAction(async (parsed, cancellation) =>
        {
            ParseResult merged = ConfigFile.Merge(command, parsed, config);
            FineTuningOptions asked = options.Read(merged);
            using StopSignal stop = Cancellation.HandOver(StopSignal.Listen);
            using IProcessGroup group = MpiGroup.Join(Environment.GetEnvironmentVariable, options.Timeout(merged), stop.Token);
            return await Task.Run(
                () => Run(asked, () => backend.Create(merged, backend.Name(merged)), group, stop, merged.GetValue(plan)),
                CancellationToken.None);
        });
        return command;
    }

    /// <summary>The trackers of a run. The metrics file comes first because the report reads it.</summary>
    private static IRunTracker[] Trackers(FineTuningOptions options)
    {
        string metrics = Path.Combine(options.Output, MetricsFile.FileName);
        var progress = new ConsoleProgress(Console.Error, !Console.IsErrorRedirected, () => Console.WindowWidth);
        List<IRunTracker> all =
        [
            new MetricsFile(metrics),
            new TensorBoardFile(Path.Combine(options.Output, TensorBoardFile.FolderName)),
            new HtmlReport(metrics, Path.Combine(options.Output, HtmlReport.FileName)),
            progress,
        ];
        if (MlflowSettings.FromEnvironment(Environment.GetEnvironmentVariable) is { } mlflow)
            all.Add(new MlflowTracker(mlflow with { RunIdFile = Path.Combine(options.Output, MlflowSettings.RunIdFileName) }, Tell));
        return [.. all];
    }

    private static void Tell(string text) => Console.Error.WriteLine($"vlmsharp: {text}");

    private static int Run(FineTuningOptions options, Func<IComputeBackend> create, IProcessGroup group, StopSignal stop, bool onlyPlan)
    {
        try
        {
            using IComputeBackend backend = create();
            using TrainingInputs inputs = TrainingInputs.Open(options);
            TrainingPlan plan = TrainingPlan.For(inputs, group.Size);
            if (group.Rank == 0) Console.Error.WriteLine($"memory{(group.Size > 1 ? " of each process" : "")}: {plan}");
            plan.Require(inputs, backend.MemoryBytes, backend.CopiesWeights);
            if (onlyPlan) return ExitCodes.Success;
            using FineTuning run = FineTuning.Open(inputs, backend, group, group.Rank == 0 ? Trackers(options) : [], Tell, stop.Token);
            if (group.Rank == 0) TrainingOutput.Begin(run, backend);
            TrainingEnd end = run.Run(stop);
            if (group.Rank == 0) TrainingOutput.Finish(run, options, end);
            return end switch
            {
                TrainingEnd.Interrupted => ExitCodes.Canceled,
                TrainingEnd.Terminated => ExitCodes.Terminated,
                _ => ExitCodes.Success,
            };
        }
        catch (ProcessGroupException e) when (group.Rank != 0)
        {
            // Only print the error: the first process may still be saving, and it ends the others.
            Console.Error.WriteLine($"vlmsharp: {e.Message}");
            return ExitCodes.Request;
        }
        catch (Exception e) when (group.Size > 1 && e is not OperationCanceledException)
        {
            // The other processes wait for this one, and nothing else would wake them.
            Console.Error.WriteLine($"vlmsharp: process {group.Rank} of {group.Size}: {e.Message}");
            group.Abort(ExitCodes.Request);
            throw;
        }
    }
}
