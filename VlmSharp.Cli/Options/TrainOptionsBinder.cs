using System.CommandLine;
using VlmSharp.Adapters;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Output;
using VlmSharp.Compute;
using VlmSharp.Models;
using VlmSharp.Training;
using VlmSharp.Training.Data;
using VlmSharp.Training.Gradients;
using VlmSharp.Training.Optimizers;

namespace VlmSharp.Cli.Options;

/// <summary>The options of <c>vlmsharp train</c>, and what they make.</summary>
internal sealed class TrainOptionsBinder
{
    private readonly Option<string?> model = ModelOptionsBinder.ModelOption();
    private readonly Option<bool> ignoreExtra = ModelOptionsBinder.IgnoreExtraOption();
    private readonly Option<string?> data = Text("--data", "FILE", "The training data; see 'vlmsharp data --help' for the forms.");
    private readonly Option<string?> output = Text(
        "--out", "DIR", "The run's folder: metrics, checkpoints, and at the end the adapter or the model.", "-o");
    private readonly DataOptionsBinder reading = new();
    private readonly Option<string?> evaluation = Text(
        "--eval-data", "FILE", "Held-out data: their loss, some answers, and the best weights in OUT/best.");

    private readonly Option<long?> steps = NumberOption.Create<long>("--steps", "N", "Optimizer steps.");
    private readonly Option<double?> epochs = NumberOption.Create<double>("--epochs", "E", "Passes over the data, instead of --steps.");
    private readonly Option<int?> batchSize = NumberOption.Create<int>(
        "--batch-size", "B", "Examples of a batch, over all processes (default: 1).");
    private readonly Option<int?> accumulate = NumberOption.Create<int>("--accumulate", "A", "Batches of an optimizer step (default: 1).");
    private readonly Option<bool> noShuffle = Flag("--no-shuffle", "Take the data in the file's order, again and again.");
    private readonly Option<int?> textLength = NumberOption.Create<int>(
        "--max-text-length", "N", "Cut prefix and suffix to N tokens (default: off).");
    private readonly Option<bool> skipBad = Flag("--skip-bad", "Leave out examples that cannot be used, and count them.");

    private readonly Option<double?> rate = NumberOption.Create<double>("--lr", "X", "The learning rate.");
    private readonly Option<string?> optimizer = OneOf("--optimizer", "The optimizer (default: adamw).", "adamw", "adamw8bit", "sgd");
    private readonly Option<double?> decay = NumberOption.Create<double>(
        "--weight-decay", "W", "Weight decay of every trained parameter (default: 0).");
    private readonly Option<bool> kernelsOnly = Flag(
        "--decay-kernels-only", "Decay only matrices, not gains and biases, by the schedule: big_vision's rule.");
    private readonly Option<double?> beta2 = NumberOption.Create<double>("--beta2", "X", "Adam's second beta (default: 0.999).");
    private readonly Option<double?> momentum = NumberOption.Create<double>("--momentum", "X", "SGD's momentum (default: 0).");
    private readonly Option<double?> clip = NumberOption.Create<double>(
        "--clip", "C", "Clip the gradient to this global norm (default: off).");
    private readonly Option<string?> schedule = OneOf(
        "--schedule", "How the learning rate moves (default: constant).", "constant", "linear", "cosine");
    private readonly Option<long?> warmup = NumberOption.Create<long>(
        "--warmup-steps", "K", "Steps in which the learning rate rises from 0 (default: 0).");
    private readonly Option<double?> smoothing = NumberOption.Create<double>("--label-smoothing", "X", "Label smoothing (default: 0).");
    private readonly Option<string?> reduction = OneOf(
        "--loss", "Mean over tokens, or over examples of each one's mean (default: token-mean).", "token-mean", "example-mean");

    private readonly Option<bool> full = Flag("--full", "Train the model's parameters themselves.");
    private readonly Option<string[]> freeze = new("--freeze")
    {
        Description = "With --full: vision, projector, embedding, decoder or a pattern of names; repeatable.",
        HelpName = "PART",
        AllowMultipleArgumentsPerToken = false,
    };
    private readonly Option<string?> adapter = TrainingOptions.Adapter("Go on with this adapter, in PEFT's layout.");
    private readonly Option<int?> loraRank = NumberOption.Create<int>("--lora-rank", "R", "Rank of a new adapter (default: 8).");
    private readonly Option<double?> loraAlpha = NumberOption.Create<double>(
        "--lora-alpha", "X", "Alpha of a new adapter; the scale is alpha / rank (default: the rank).");
    private readonly Option<double?> loraDropout = NumberOption.Create<double>(
        "--lora-dropout", "X", "Dropout in front of a new adapter (default: 0).");
    private readonly Option<bool> rsLora = Flag("--rslora", "Scale by alpha / sqrt(rank).");
    private readonly Option<string?> loraTargets = Text(
        "--lora-targets", "LIST",
        "Layers of a new adapter: names, a regular expression or all-linear (default: all linear layers of the decoder).");
    private readonly Option<string?> quantize = OneOf(
        "--quantize", "Quantize the decoder's frozen matrices while the model is loaded.", "nf4", "int8");
    private readonly Option<string?> precision = OneOf(
        "--precision", "How trained parameters of the model are kept; bf16 has fp32 master copies (default: f32).", "f32", "bf16");
    private readonly Option<string?> saveAs = OneOf("--save-as", "How a fully trained model is written (default: f32).", "f32", "bf16");
    private readonly Option<bool> noCheckpointing = Flag(
        "--no-gradient-checkpointing", "Keep all activations: a quarter less arithmetic, much more memory.");

    private readonly Option<long?> saveEvery = NumberOption.Create<long>(
        "--save-every", "N", "Steps between checkpoints; 0 for one at the end (default: 100).");
    private readonly Option<int?> keep = NumberOption.Create<int>(
        "--keep", "N", "How many of the newest checkpoints stay, beside the best (default: 2).");
    private readonly Option<long?> evaluateEvery = NumberOption.Create<long>(
        "--eval-every", "N", "Steps between evaluations; 0 for one at the end (default: 100).");
    private readonly Option<int?> samples = NumberOption.Create<int>("--samples", "N", "Answers that an evaluation shows (default: 4).");
    private readonly Option<bool> resume = Flag("--resume", "Go on with the run in the folder, bit for bit.");
    private readonly Option<long?> seed = NumberOption.Create<long>(
        "--seed", "N", "Seed of the order, of new matrices and of dropout (default: 0).");
    private readonly Option<bool> shard = Flag("--shard-optimizer", "Share the optimizer's state out over the processes (ZeRO-1).");
    private readonly Option<double?> timeout = NumberOption.Create<double>(
        "--mpi-timeout", "SECONDS",
        "How long a process waits for the others before it takes them for gone; more than an evaluation " +
        "and a checkpoint take (default: 1800).");

    /// <summary>Adds the options to a command, in the groups of its help.</summary>
    /// <param name="backend">The options of the backend.</param>
    /// <param name="others">The command's other options.</param>
    public void AddTo(ExampleCommand command, BackendOptionsBinder backend, params Option[] others)
    {
        FileList.RefuseStandardOutput(output);
        Add("What is needed", data, output, rate, steps, epochs);
        Add(
            "What is trained", model, loraRank, loraAlpha, loraTargets, loraDropout, rsLora, quantize, adapter, full, freeze, saveAs,
            ignoreExtra);
        Add("Steps", batchSize, accumulate, schedule, warmup, clip, seed, noShuffle);
        Add("Optimizer and loss", optimizer, decay, kernelsOnly, beta2, momentum, reduction, smoothing);
        Add("Evaluation and checkpoints", evaluation, evaluateEvery, samples, saveEvery, keep, resume);
        Add("How data are read", textLength, skipBad);
        reading.AddOptionsTo(command);
        Add("Memory, devices and processes", precision, noCheckpointing, shard, timeout);
        backend.AddTo(command);
        Add("Other", others);

        void Add(string title, params Option[] options)
        {
            command.BeginGroup(title);
            foreach (Option option in options) command.Add(option);
        }
    }

    /// <summary>The run's folder.</summary>
    public string Output(ParseResult parsed) => Required(parsed, output);

    /// <summary>How long a process waits for the others; null for the default.</summary>
    /// <exception cref="UsageException">The time is not positive, or more than 31 days.</exception>
    public TimeSpan? Timeout(ParseResult parsed)
    {
        const double Most = 31 * 86400;
        double? seconds = Above(parsed, timeout, 0);
        if (seconds > Most) throw new UsageException($"{timeout.Name} {seconds}: give at most {Most}.");
        return seconds is { } value ? TimeSpan.FromSeconds(value) : null;
    }

    /// <summary>Makes the options of the training run.</summary>
    /// <exception cref="UsageException">An option is missing, out of range, or contradicts another one.</exception>
    public FineTuningOptions Read(ParseResult parsed)
    {
        if ((parsed.GetValue(steps) is null) == (parsed.GetValue(epochs) is null))
            throw new UsageException(
                $"Give either {steps.Name} or {epochs.Name}{(parsed.GetValue(steps) is null ? "" : ", not both")}: how long to train.");
        CheckWhatIsTrained(parsed);
        int rank = NumberOption.AtLeast(parsed, loraRank, 1) ?? 8;
        return new FineTuningOptions
        {
            Model = ModelOptionsBinder.FolderOf(parsed.GetValue(model)),
            Data = Required(parsed, data),
            Output = Required(parsed, output),
            Reading = reading.Bind(parsed),
            EvaluationData = parsed.GetValue(evaluation),
            Steps = NumberOption.AtLeast(parsed, steps, 1),
            Epochs = Above(parsed, epochs, 0),
            BatchSize = NumberOption.AtLeast(parsed, batchSize, 1) ?? 1,
            Accumulation = NumberOption.AtLeast(parsed, accumulate, 1) ?? 1,
            LearningRate = NumberOption.AtLeast(parsed, rate, 0) ?? throw Missing(rate),
            Optimizer = parsed.GetValue(optimizer) switch
            {
                "adamw8bit" => OptimizerKind.AdamW8Bit,
                "sgd" => OptimizerKind.Sgd,
                _ => OptimizerKind.AdamW,
            },
            OptimizerSettings = new OptimizerSettings
            {
                WeightDecay = NumberOption.AtLeast(parsed, decay, 0) ?? 0,
                DecayScope = parsed.GetValue(kernelsOnly) ? DecayScope.Kernels : DecayScope.All,
                DecayForm = parsed.GetValue(kernelsOnly) ? DecayForm.Schedule : DecayForm.LearningRate,
                Beta2 = Share(parsed, beta2) ?? 0.999,
                Momentum = Share(parsed, momentum) ?? 0,
            },
            ClipNorm = Above(parsed, clip, 0),
            Schedule = parsed.GetValue(schedule) switch
            {
                "linear" => ScheduleKind.Linear,
                "cosine" => ScheduleKind.Cosine,
                _ => ScheduleKind.Constant,
            },
            WarmupSteps = NumberOption.AtLeast(parsed, warmup, 0) ?? 0,
            Shuffle = !parsed.GetValue(noShuffle),
            Seed = parsed.GetValue(seed) ?? 0,
            Full = parsed.GetValue(full),
            Freeze = parsed.GetValue(freeze) ?? [],
            Adapter = parsed.GetValue(adapter),
            NewAdapter = FineTuningOptions.DecoderAdapter with
            {
                Rank = rank,
                Alpha = Above(parsed, loraAlpha, 0) ?? rank,
                Dropout = Share(parsed, loraDropout) ?? 0,
                UseRsLora = parsed.GetValue(rsLora),
                TargetModules = parsed.GetValue(loraTargets) is { } targets
                    ? ModulePattern.Parse(targets)
                    : FineTuningOptions.DecoderAdapter.TargetModules,
                BaseModel = parsed.GetValue(model), // as given, not resolved: a path of this machine means nothing elsewhere
            },
            Quantization = parsed.GetValue(quantize) switch { "nf4" => DType.Nf4, "int8" => DType.Int8, _ => null },
            Precision = FormatOf(parsed, precision),
            SavedFormat = FormatOf(parsed, saveAs),
            Loss = new LossOptions(
                parsed.GetValue(reduction) == "example-mean" ? LossReduction.ExampleMean : LossReduction.TokenMean,
                (float)(Share(parsed, smoothing) ?? 0)),
            TextLength = NumberOption.AtLeast(parsed, textLength, 2),
            SkipBad = parsed.GetValue(skipBad),
            Checkpointing = !parsed.GetValue(noCheckpointing),
            SaveEvery = NumberOption.AtLeast(parsed, saveEvery, 0) ?? 100,
            KeepLast = NumberOption.AtLeast(parsed, keep, 1) ?? 2,
            EvaluateEvery = NumberOption.AtLeast(parsed, evaluateEvery, 0) ?? 100,
            Samples = NumberOption.AtLeast(parsed, samples, 0) ?? 4,
            Resume = parsed.GetValue(resume),
            ShardOptimizer = parsed.GetValue(shard),
            Compatibility = new ModelOptions { IgnoreUnexpectedTensors = parsed.GetValue(ignoreExtra) },
        };
    }

    private void CheckWhatIsTrained(ParseResult parsed)
    {
        bool isFull = parsed.GetValue(full);
        if (isFull && parsed.GetValue(adapter) is not null)
            throw new UsageException($"{full.Name} trains the model itself, {adapter.Name} an adapter: give one of them.");
        if (isFull && parsed.GetValue(quantize) is not null)
            throw new UsageException(
                $"{quantize.Name} is for adapters: integers are not trained themselves, so leave it or {full.Name} out.");
        if (!isFull && parsed.GetValue(freeze) is { Length: > 0 })
            throw new UsageException($"{freeze.Name} is for {full.Name}: an adapter leaves every parameter of the model as it is.");
        Option[] lora = [loraRank, loraAlpha, loraDropout, rsLora, loraTargets];
        if (lora.FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false }) is not { } given) return;
        if (isFull) throw new UsageException($"{given.Name} is for a new adapter, and {full.Name} trains the model itself.");
        if (parsed.GetValue(adapter) is not null)
            throw new UsageException($"{given.Name} is for a new adapter; that of {adapter.Name} has its own.");
    }

    private static DType FormatOf(ParseResult parsed, Option<string?> option) => parsed.GetValue(option) == "bf16" ? DType.BF16 : DType.F32;

    private static string Required(ParseResult parsed, Option<string?> option) => parsed.GetValue(option) ?? throw Missing(option);

    private static UsageException Missing(Option option) => new($"{option.Name} is missing: {option.Description}");

    private static double? Above(ParseResult parsed, Option<double?> option, double bound) =>
        parsed.GetValue(option) is { } value && !(value > bound && double.IsFinite(value))
            ? throw new UsageException($"{option.Name} {value}: give a number above {bound}.")
            : parsed.GetValue(option);

    private static double? Share(ParseResult parsed, Option<double?> option) =>
        parsed.GetValue(option) is { } value and not (>= 0 and < 1)
            ? throw new UsageException($"{option.Name} {value}: give a number from 0 up to but not 1.")
            : parsed.GetValue(option);

    private static Option<string?> Text(string name, string helpName, string description, params string[] aliases)
    {
        var option = new Option<string?>(name, aliases) { Description = description, HelpName = helpName };
        FileList.RefuseEmpty(option);
        return option;
    }

    private static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    private static Option<string?> OneOf(string name, string description, params string[] values) =>
        new Option<string?>(name) { Description = description, HelpName = string.Join('|', values) }.AcceptOnlyFromAmong(values);
}
