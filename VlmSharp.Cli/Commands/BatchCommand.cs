using System.CommandLine;
using System.Globalization;
using VlmSharp.Checkpoints;
using VlmSharp.Cli.Batch;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Inputs;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Compute;
using VlmSharp.Generation;
using VlmSharp.Preprocessing;
using VlmSharp.Tasks;
using VlmSharp.Tasks.Masks;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp batch</c>: one task on many pictures; it can be restarted and split into parts.</summary>
internal sealed class BatchCommand
{
    private const int DefaultUploadSeconds = 30;

    // Errors among fewer items than this say nothing about the rate.
    private const int EnoughForRate = 100;

    private readonly Argument<string[]> inputs = new("INPUT")
    {
        Description = "Folders, manifests (JSONL, or a list of paths), pictures, s3://BUCKET/KEY of these, "
            + "or - for lines on standard input.",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string?> output = new("--out", "-o")
    {
        Description = "Folder, or s3://BUCKET/PREFIX, for results that survive interruption (default: lines on standard output).",
        HelpName = "DIR",
    };

    private readonly Option<string> task = new Option<string>("--task", "-t")
    {
        Description = "What to do where a line does not say it.",
        DefaultValueFactory = _ => "caption",
    }.AcceptOnlyFromAmong(BatchTask.Names);

    private readonly Option<string?> prompt = new("--prompt", "-p") { Description = "The literal prompt of generate.", HelpName = "TEXT" };

    private readonly Option<string?> question = new("--question") { Description = "The question of ask.", HelpName = "TEXT" };

    private readonly Option<string?> things = new("--things")
    {
        Description = "What detect and segment look for, for instance \"cat ; dog\".",
        HelpName = "TEXT",
    };

    private readonly Option<string> language = new("--lang", "-l")
    {
        Description = "Language code.",
        HelpName = "CODE",
        DefaultValueFactory = _ => "en",
    };

    private readonly PartsOptionsBinder parts = new("results do not depend on it");

    private readonly Option<double?> maxErrorRate = NumberOption.Create<double>(
        "--max-error-rate", "R", "Stop with code 65 when more than this share of the items fails, 0 to 1 (default: 1).");

    private readonly Option<double?> uploadEvery = NumberOption.Create<double>(
        "--upload-every", "S", $"With --out s3://...: seconds between two copies of the records so far (default: {DefaultUploadSeconds}).");

    private readonly Option<bool> force = new("--force") { Description = "Throw away what another run left in --out." };

    private readonly bool retries;

    private readonly Option<bool> quiet = new("--quiet", "-q") { Description = "No progress on standard error." };

    private readonly ModelOptionsBinder model = new();

    private readonly TaskOptionsBinder reading = new();

    private readonly GenerationOptionsBinder generation = new();

    private readonly PictureOptionsBinder pictures = new();

    private BatchCommand(bool retries) => this.retries = retries;

    public static Command Create()
    {
        ExampleCommand command = new BatchCommand(retries: false).Build(Whole());
        command.Add(new BatchCommand(retries: true).Build(Retry()));
        command.Add(BatchStatusCommand.Create());
        command.Add(BatchMergeCommand.Create());
        return command;
    }

    private static ExampleCommand Retry() => new("retry", "Tries the failed items of a finished run again.", """
        Takes the command line of the run, with the word retry after batch: the same inputs, model, task and --out. Each
        record that says an error is replaced by a new one, and all others stay. Each shard is retried by itself.

        Examples:
          vlmsharp batch retry photos/ --out captions/
          vlmsharp batch retry work.jsonl --out out/ --shards 4 --shard 0
        """);

    private static ExampleCommand Whole() => new("batch", "Runs one task over many pictures, restartable and in parts.", """
            Lines of a manifest are paths, or objects such as
              {"id": 7, "image": "a.jpg", "task": "ask", "question": "is it raining?"}
            with paths relative to the manifest. "adapter" names one of several --adapter; without it the first answers, and
            "base" is the model without one. Each item gives one line of JSON, in the order of the input; one that fails
            gives {"index", "id", "error": {"type", "message"}}. With --out, run the same command again after an interruption: finished
            records are kept, and the result is the same, byte for byte, as without one. Sampling has the seed 0 unless
            --seed or the line gives another, wherever in the list an item stands.

            Examples:
              vlmsharp batch photos/ --out captions/
              vlmsharp batch photos/ --task ask --question "how many people are there?" > answers.jsonl
              vlmsharp batch photos/ --task detect --things "cat ; dog" --out boxes/
              vlmsharp batch work.jsonl --out out/ --shards 4 --shard 0
              vlmsharp batch work.jsonl --adapter maps=adapters/maps --adapter x=adapters/xray > answers.jsonl
              zcat work.jsonl.gz | vlmsharp batch - --out out/
              vlmsharp batch s3://bucket/photos/ --out s3://bucket/captions/ --shards 64 --shard 0
              vlmsharp batch retry photos/ --out captions/    (what failed, again)
              vlmsharp batch status out/
              vlmsharp batch merge out/ > results.jsonl
            Exit codes: 0 done (failed items included); not worth a retry: 2 wrong command line or another run's folder,
            or objects that are not there or that the credentials do not open, 3 unusable model, 65 too many items failed, or all of them;
            worth a retry: 75 reading the list or writing results failed, 130 interrupted.
            """);

    private ExampleCommand Build(ExampleCommand command)
    {
        FileList.RefuseOptions(inputs);
        FileList.RefuseEmpty(output);
        FileList.RefuseStandardOutput(output);
        FileList.RefuseEmpty(question, "a question");
        command.Add(inputs);
        Option[] own = [output, task, question, things, prompt, language, .. parts.All, maxErrorRate, uploadEvery, force, quiet];
        foreach (Option option in own) command.Add(option);
        reading.AddTo(command, masks: true);
        generation.AddTo(command);
        pictures.AddTo(command);
        model.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        GenerationOptions options = Options(parsed);
        int size = parts.Together(parsed, options);
        double mostErrors = NumberOption.InRange(parsed, maxErrorRate, 0, 1) ?? 1;
        if (parsed.GetValue(output) is { } folder && File.Exists(folder))
            throw new UsageException($"{output.Name} {folder}: that is a file; give a folder, which is made if it is not there.");
        ShardPlan plan = parts.Plan(parsed);
        try
        {
            var work = new WorkList(parsed.GetValue(inputs)!, PipedInput.Standard);
            if (!work.HasObjects) RequireFittingTask(parsed);
            using IComputeBackend backend = model.CreateBackend(parsed);
            using VisionLanguageModel network = model.Open(parsed, backend, cancellationToken);
            TaskOptions howToRead = HowToRead(parsed); // before the folder is marked as this run's
            using IRecordSink sink = OpenSink(parsed, plan, work, network, howToRead, options);
            if (sink is FinishedShard)
            {
                string state = retries ? "has no failed items" : "is done already";
                if (!parsed.GetValue(quiet)) await Console.Error.WriteLineAsync($"{plan.FileName} {state}.");
                return await BatchEnd.CodeAsync(sink.Records, sink.Errors);
            }

            return await WriteAsync(parsed, plan, work, network, howToRead, options, size, mostErrors, sink, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && !BrokenPipe.Is(e))
        {
            throw new TryAgainException(e);
        }
    }

    private async Task<int> WriteAsync(
        ParseResult parsed, ShardPlan plan, WorkList work, VisionLanguageModel network, TaskOptions howToRead, GenerationOptions options,
        int size, double mostErrors, IRecordSink sink, CancellationToken cancellationToken)
    {
        if (!parsed.GetValue(quiet)) await generation.NoteAsync(parsed, options, network.Config);

        long total = sink is RetriedShard again ? again.Failed.Count : plan.CountOf(work.Count);
        int threads = Math.Min(4, Environment.ProcessorCount);
        using var queue = new PictureQueue(waiting: 2 * size, threads, network.Preprocessor, pictures.Bind(parsed));
        WorkItem defaults = Defaults(parsed);
        var runner = new BatchRunner(network, new TaskRunner(network, howToRead), options, size, Ask);
        string remark = work.Skipped.Count > 0 ? $"; not tried: {SkippedFiles.TextOf(work.Skipped)}" : "";
        var loop = new BatchLoop(sink, total, shown: !parsed.GetValue(quiet))
        {
            MustStop = IsTooMany,
            Remark = remark,
            NextNote = runner.TakeNote,
        };
        IAsyncEnumerable<LoadedItem> items = queue.Load(Rest(work, plan, sink, total), cancellationToken);
        bool tooMany = !await loop.RunAsync(runner.RunAsync(items, cancellationToken));
        if (!tooMany) return await BatchEnd.CodeAsync(sink.Records, sink.Errors);
        await Console.Error.WriteLineAsync(
            $"vlmsharp: {sink.Errors} of {sink.Records} items failed, more than --max-error-rate allows; the records say why.");
        return ExitCodes.TooManyErrors;

        BatchTask Ask(WorkItem item)
        {
            BatchTask asked = BatchTask.Of(item, defaults, reading.AnyLabel(parsed));
            return asked.Task?.Kind != TaskKind.Segment || howToRead.MaskDecoder is not null || reading.NoMasks(parsed)
                ? asked
                : throw new RequestException(
                    $"The task segment needs the network that decodes masks, which {model.Folder(parsed)} lacks: "
                    + "give --mask-decoder FILE, or --no-masks for boxes and mask codes alone.");
        }

        bool IsTooMany() =>
            mostErrors < 1 && total > 0 && sink.Records >= Math.Min(total, EnoughForRate) && sink.Errors > mostErrors * sink.Records;
    }

    /// <summary>The items that have no record yet, or those that are tried again.</summary>
    private static IEnumerable<WorkItem> Rest(WorkList work, ShardPlan plan, IRecordSink sink, long total)
    {
        if (sink is not RetriedShard again) return sink.Records < total ? work.Items(plan.IndexOf(sink.Records), plan.Shards) : [];
        var failed = again.Failed.ToHashSet();
        return work.Items(plan.IndexOf(0), plan.Shards).Where(item => failed.Contains(item.Index));
    }

    /// <summary>Where the records go.</summary>
    private IRecordSink OpenSink(ParseResult parsed, ShardPlan plan, WorkList work, VisionLanguageModel network, TaskOptions howToRead,
        GenerationOptions options)
    {
        if (parsed.GetValue(output) is not { } folder)
        {
            if (retries) throw new UsageException("batch retry is for a run in a folder: give the --out that it has.");
            if (parsed.GetValue(force)) throw new UsageException("--force is for a folder: give --out DIR.");
            return new StandardOutputSink();
        }

        if (retries && parsed.GetValue(force)) throw new UsageException("--force would throw away the run that is to be retried: leave "
            + "it out.");
        double seconds = parsed.GetValue(uploadEvery) ?? DefaultUploadSeconds;
        if (!(seconds is > 0 and <= 86_400))
            throw new UsageException($"{uploadEvery.Name} {seconds.ToString(CultureInfo.InvariantCulture)}: give seconds, up to 86400.");
        return RunOutput.Open(folder, plan, Settings(parsed, plan, work, network, howToRead, options), parsed.GetValue(force), retries,
            TimeSpan.FromSeconds(seconds));
    }

    /// <summary>Everything that the records depend on.</summary>
    private RunSettings Settings(
        ParseResult parsed, ShardPlan plan, WorkList work, VisionLanguageModel network, TaskOptions howToRead, GenerationOptions options)
    {
        WorkItem defaults = Defaults(parsed);
        var values = new List<KeyValuePair<string, string>>();
        Add("version", typeof(BatchCommand).Assembly.GetName().Version!.ToString());
        values.AddRange(model.Describe(parsed, network));
        Add("items", work.Count.ToString(CultureInfo.InvariantCulture));
        Add("work", work.Fingerprint);
        Add(RunSettings.Pictures, work.PicturesFingerprint);
        Add("shards", plan.Shards.ToString(CultureInfo.InvariantCulture));
        Add("task", defaults.Task);
        Add("prompt", defaults.Prompt);
        Add("question", defaults.Question);
        Add("things", defaults.Things is null ? null : string.Join(" ; ", defaults.Things));
        Add("reading", reading.Describe(parsed));
        Add("pictures read", pictures.Describe(parsed));
        Add("mask decoder", howToRead.MaskDecoder?.Fingerprint);
        Add("lang", defaults.Language);
        Add("options", (options with { StopStrings = [] }).ToString());
        Add("stop", options.StopStrings.Count > 0 ? string.Join('\n', options.StopStrings) : null);
        values.AddRange(RunSettings.ToValues(work.Skipped));
        return new RunSettings(values);

        void Add(string name, string? value)
        {
            if (value is not null) values.Add(KeyValuePair.Create(name, value));
        }
    }

    private WorkItem Defaults(ParseResult parsed) => new(0, "", [])
    {
        Task = parsed.GetValue(task),
        Prompt = parsed.GetValue(prompt),
        Question = parsed.GetValue(question),
        Things = parsed.GetValue(things) is { } names ? WorkItem.Split(names) : null,
        Language = parsed.GetValue(language),
    };

    /// <summary>
    /// If no line has a task of its own, what the command line leaves out would make every item fail, and what is of other tasks would
    /// change nothing: both are refused at once.
    /// </summary>
    private void RequireFittingTask(ParseResult parsed)
    {
        WorkItem defaults = Defaults(parsed);
        (Option Option, string[] Tasks)[] owned =
        [
            (question, ["ask"]), (things, ["detect", "segment"]), (prompt, ["generate"]), (language, ["caption", "ask"]),
        ];
        foreach ((Option option, string[] tasks) in owned)
        {
            if (parsed.GetResult(option) is { Implicit: false } && !tasks.Contains(defaults.Task))
                throw new UsageException($"{option.Name} is for {task.Name} {string.Join(" or ", tasks)}, and the task is {defaults.Task}: "
                    + "give both, or leave it out.");
        }

        try
        {
            _ = BatchTask.Of(defaults, defaults, reading.AnyLabel(parsed));
        }
        catch (RequestException e)
        {
            throw new UsageException(e.Message);
        }
    }

    /// <summary>
    /// How answers become boxes and masks. Opens the mask decoder if there is one; if the task is segment, there must be one.
    /// </summary>
    private TaskOptions HowToRead(ParseResult parsed)
    {
        string folder = model.Folder(parsed);
        return reading.Bind(parsed, folder, masks: parsed.GetValue(task) == "segment" || reading.HasDecoder(parsed, folder));
    }

    // A line's own task does not change the limit: it is the same for all items.
    private static int? MostTokens(string task) => task switch
    {
        "detect" => VisionTask.Detect("x").MaxNewTokens,
        "segment" => VisionTask.Segment("x").MaxNewTokens,
        _ => null,
    };

    private GenerationOptions Options(ParseResult parsed)
    {
        GenerationOptions options = generation.Bind(parsed, json: true, MostTokens(parsed.GetValue(task)!));
        // A run that continues after an interruption must draw the same samples as an uninterrupted one.
        return options.IsSampling && options.Seed is null ? options with { Seed = 0 } : options;
    }
}
