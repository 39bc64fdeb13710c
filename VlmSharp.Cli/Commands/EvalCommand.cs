using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using VlmSharp.Cli.Batch;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Evaluations;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Cli.Storage;
using VlmSharp.Compute;
using VlmSharp.Evaluation.Runs;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Tasks;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp eval</c>: measures a model's captions, answers and boxes in one run that asks and scores.</summary>
internal sealed class EvalCommand
{
    /// <summary>
    /// Locations are read as in big_vision's evaluation. The program's other commands use 1024, as PaliGemma's demonstration does.
    /// </summary>
    private const int LocationDivisor = 1023;

    private const int DefaultWorst = 24, MostWorst = 500;

    private readonly EvalOptionsBinder files = new();

    private readonly Option<string?> output = new("--out", "-o")
    {
        Description = "Folder of the results, which survive interruption.",
        HelpName = "DIR",
    };

    private readonly PartsOptionsBinder parts = new("scores do not depend on it, latencies do");

    private readonly Option<int?> worst = NumberOption.Create<int>(
        "--worst", "N", $"Answers with their pictures in the report, 0 to {MostWorst} (default: {DefaultWorst}).");

    private readonly Option<bool> json = new("--json") { Description = "One JSON object instead of tables." };

    private readonly Option<bool> force = new("--force") { Description = "Throw away what another run left in --out." };

    private readonly Option<bool> quiet = new("--quiet", "-q") { Description = "No progress on standard error." };

    private readonly ModelOptionsBinder model = new();

    private readonly GenerationOptionsBinder generation = new();

    public static Command Create() => new EvalCommand().Build();

    private ExampleCommand Build()
    {
        var command = new ExampleCommand("eval", "Measures captions, answers and boxes as the published benchmarks do.", """
            Asks a model what a benchmark asks, and scores the answers. Run the same command again after an interruption: what was
            answered is kept, and all results are the same, byte for byte, as without one. With --shards each process answers a part,
            and the one that ends last scores all. In --out there are then scores.json, predictions.json in the benchmark's own format,
            records.jsonl with each answer and its scores, latency.json and report.html.

            Examples:
              vlmsharp eval coco-caption --annotations captions_val2014.json --images val2014 --model DIR --out run
              vlmsharp eval vqav2 --questions v2_questions.json --annotations v2_annotations.json --images val2014 --out run --limit 500
              vlmsharp eval textvqa --annotations TextVQA_0.5.1_val.json --images train_images --out run
              vlmsharp eval docvqa --annotations val_v1.0.json --images DIR --out run
              vlmsharp eval pope --annotations coco_pope_random.json --images val2014 --out run
              vlmsharp eval coco-detect --annotations instances_val2017.json --images val2017 --out run --shards 4 --shard 0
              vlmsharp eval test.jsonl --model DIR --adapter my-adapter --out run --robustness
              vlmsharp eval compare run-before run-after
            Exit codes: 0 done; 2 wrong command line or another run's folder, 3 unusable model, 4 a file that is not there,
            65 data that cannot be used; worth a retry: 75 writing results failed, 130 interrupted.
            """);
        files.AddTo(command);
        FileList.RefuseEmpty(output);
        FileList.RefuseStandardOutput(output);
        foreach (Option option in (Option[])[output, .. parts.All, worst, json, force, quiet]) command.Add(option);
        generation.AddTo(command);
        model.AddTo(command);
        command.Add(EvalScoreCommand.Create());
        command.Add(EvalCompareCommand.Create());
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string folder = parsed.GetValue(output) ?? throw new UsageException($"{output.Name} is missing: give the folder for the results.");
        if (File.Exists(folder))
            throw new UsageException($"{output.Name} {folder}: that is a file; give a folder, which is made if it is not there.");
        if (ObjectPath.IsOne(folder))
        {
            throw new UsageException(
                $"{output.Name} {folder}: an evaluation writes into a folder; copy it to the store when it is done.");
        }

        int shown = NumberOption.InRange(parsed, worst, 0, MostWorst) ?? DefaultWorst;
        ShardPlan plan = parts.Plan(parsed);
        EvaluationFiles source = files.Bind(parsed);
        GenerationOptions options = Options(parsed, source.Benchmark);
        int size = parts.Together(parsed, options);
        IReadOnlyList<EvaluationItem> items = await Progress.RunAsync("reading the data", source.Read, cancellationToken);
        if (files.Limit(parsed) is { } most) items = [.. items.Take(most)];
        var work = new EvaluationWork(items, files.Variants(parsed, items));
        try
        {
            using (IComputeBackend backend = model.CreateBackend(parsed))
            using (VisionLanguageModel network = model.Open(parsed, backend, cancellationToken))
                await AnswerAsync(parsed, plan, source.Benchmark, work, network, options, size, folder, cancellationToken);
            ShardStatus[] status = [.. new RunFolder(folder).Status()];
            if (status.Count(s => s.State == ShardState.Done) is var done && done < status.Length)
            {
                await Console.Error.WriteLineAsync(
                    $"{done} of {status.Length} shards are done; the last one scores them all. Try 'vlmsharp batch status {folder}'.");
                return ExitCodes.Success;
            }

            IReadOnlyDictionary<string, string>? categories = source.Benchmark.Kind == RunKind.Boxes
                ? CocoTruth.Read(source.Annotations!, "").Ids
                : null;
            EvaluationResult result = await Progress.RunAsync("scoring", () =>
            {
                EvaluationResult scored = EvaluationResult.Of(source.Benchmark, NameOfModel(parsed), work, folder);
                EvaluationOutput.Save(scored, folder, categories, shown);
                return scored;
            }, cancellationToken);
            if (parsed.GetValue(json)) EvaluationOutput.WriteJson(result);
            else EvaluationOutput.Show(result, folder);
            return await BatchEnd.CodeAsync(result.Items.Count, result.Errors);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && !BrokenPipe.Is(e))
        {
            throw new TryAgainException(e);
        }
    }

    /// <summary>Answers the remaining items of a shard.</summary>
    private async Task AnswerAsync(
        ParseResult parsed, ShardPlan plan, Benchmark benchmark, EvaluationWork work, VisionLanguageModel network,
        GenerationOptions options, int size, string folder, CancellationToken cancellationToken)
    {
        RunSettings settings = Settings(parsed, plan, benchmark, work, network, options);
        // The output is a folder, so nothing is uploaded.
        using IRecordSink sink = RunOutput.Open(folder, plan, settings, parsed.GetValue(force), retry: false, uploadEvery: TimeSpan.Zero);
        if (sink is FinishedShard) return;
        if (!parsed.GetValue(quiet)) await generation.NoteAsync(parsed, options, network.Config);
        using var latency = new LatencyLog(folder, plan);
        long total = plan.CountOf(work.Count);
        int threads = Math.Min(4, Environment.ProcessorCount);
        using var queue = new PictureQueue(waiting: 2 * size, threads, network.Preprocessor, ImageOptions.Default);
        var tasks = new TaskRunner(network, new TaskOptions { LocationDivisor = LocationDivisor });
        var runner = new BatchRunner(network, tasks, options, size, work.Ask);
        IEnumerable<WorkItem> rest = sink.Records < total ? work.From(plan.IndexOf(sink.Records), plan.Shards) : [];
        var loop = new BatchLoop(sink, total, shown: !parsed.GetValue(quiet)) { Written = latency.Add, NextNote = runner.TakeNote };
        await loop.RunAsync(runner.RunAsync(queue.Load(rest, cancellationToken), cancellationToken));
        using Process self = Process.GetCurrentProcess();
        latency.AddPeak(self.PeakWorkingSet64);
    }

    /// <summary>Everything that the records depend on.</summary>
    private RunSettings Settings(
        ParseResult parsed, ShardPlan plan, Benchmark benchmark, EvaluationWork work, VisionLanguageModel network,
        GenerationOptions options) => new(
    [
        KeyValuePair.Create("version", typeof(EvalCommand).Assembly.GetName().Version!.ToString()),
        .. model.Describe(parsed, network),
        KeyValuePair.Create("benchmark", benchmark.Name),
        KeyValuePair.Create("items", work.Count.ToString(CultureInfo.InvariantCulture)),
        KeyValuePair.Create("work", work.Fingerprint()),
        KeyValuePair.Create("shards", plan.Shards.ToString(CultureInfo.InvariantCulture)),
        KeyValuePair.Create("options", (options with { StopStrings = [] }).ToString()),
        .. options.StopStrings.Count > 0
            ? [KeyValuePair.Create("stop", string.Join('\n', options.StopStrings))]
            : Array.Empty<KeyValuePair<string, string>>(),
    ]);

    private GenerationOptions Options(ParseResult parsed, Benchmark benchmark)
    {
        int? most = benchmark.Kind is RunKind.Boxes or RunKind.Exact or RunKind.Referring ? VisionTask.Detect("x").MaxNewTokens : null;
        GenerationOptions options = generation.Bind(parsed, json: true, most);
        // A run that continues after an interruption must draw the same samples as an uninterrupted one.
        return options.IsSampling && options.Seed is null ? options with { Seed = 0 } : options;
    }

    private string NameOfModel(ParseResult parsed) => model.IsDemo(parsed) ? "demo"
        : model.HubName(parsed) ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model.Folder(parsed))));
}
