using System.Globalization;
using System.Security.Cryptography;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Training.Data;
using VlmSharp.Training.Distributed;
using VlmSharp.Training.Gradients;
using VlmSharp.Training.Loop;
using VlmSharp.Training.Optimizers;
using VlmSharp.Training.Runs;
using VlmSharp.Training.Tracking;

namespace VlmSharp.Training;

/// <summary>
/// Fine-tunes a model: combines data, gradient steps, optimizer, checkpoints and trackers. <c>vlmsharp train</c> uses this class.
/// <code>
/// using var backend = new CpuBackend();
/// var options = new FineTuningOptions { Model = dir, Data = "train.jsonl", Output = "out", Steps = 100, LearningRate = 2e-4 };
/// using var run = FineTuning.Open(options, backend);
/// run.Run();
/// </code>
/// </summary>
public sealed class FineTuning : IDisposable
{
    private const double MostVisits = 1e15;

    private readonly FineTuningOptions options;
    private readonly IProcessGroup group;
    private readonly List<IDisposable> owned = [];
    private readonly Trainer<IReadOnlyList<TrainingSequence>> trainer;
    private readonly ExampleSource source;

    private FineTuning(
        TrainingInputs inputs, IComputeBackend backend, IProcessGroup group, IReadOnlyList<IRunTracker> trackers, Action<string> tell,
        CancellationToken cancellationToken)
    {
        (options, this.group) = (inputs.Options, group);
        TrainingData data = inputs.Data;
        ExampleEncoder encoder = inputs.Encoder;
        try
        {
            MissingPictures.Check(data, options.SkipBad, tell);
            Examples = data.Count;
            if (group.Rank == 0) RunFolder.Prepare(options.Output);
            Store = Own(group.Rank == 0
                ? RunStore.Open(options.Output, new Retention(options.KeepLast), tell)
                : RunStore.Read(options.Output));
            if (!options.Resume && !Store.IsReadOnly) Store.RequireEmpty();
            Model = Own(TrainableModel.Open(inputs, backend, TrainableOptionsOf(inputs), cancellationToken));
            Steps = StepsOf(options, data.Count);
            var stream = new ExampleStream(data, encoder, Model.Preprocessor, StreamOptionsOf(options, Steps, group));
            source = Own(new ExampleSource(data, stream));
            ModelStep step = Own(new ModelStep(Model, options.Loss, group, options.BucketBytes));
            Optimizer optimizer = Own(OptimizerOf(options, backend, Model, group));
            TrainingData? heldOut =
                options.EvaluationData is { } path && group.Rank == 0 ? Own(TrainingData.Open(path, options.ReadingOptions)) : null;
            Validation? validation = heldOut is null ? null : new Validation(Model, step, heldOut, encoder, options);
            if (group.Rank == 0) owned.AddRange(trackers);
            TrainerSettings settings = SettingsOf() with { Summary = RunSummary.Of(inputs, Model, heldOut, Steps, group.Size) };
            trainer = new Trainer<IReadOnlyList<TrainingSequence>>(settings, step, source, optimizer)
            {
                Store = Store,
                Group = group,
                Parts = Model.HasAdapter ? [new AdapterPart(Model)] : [],
                Trackers = group.Rank == 0 ? trackers : [],
                Evaluate = validation is null ? null : (_, cancellation) => validation.Run(cancellation),
                OnBest = () => RunFolder.ReplaceBest(options.Output, SaveTo),
            };
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What is trained.</summary>
    public TrainableModel Model { get; }

    /// <summary>The run's folder; with several processes the first one writes to it, and the others read.</summary>
    public RunStore Store { get; }

    /// <summary>Examples of the training data.</summary>
    public int Examples { get; }

    /// <summary>The step with the best evaluation, or null; the final result is always the last step's.</summary>
    public long? BestStep => trainer.BestStep;

    /// <summary>
    /// The folder with the adapter or the model of <see cref="BestStep"/>, written after each evaluation that is the best so far; null
    /// before the first.
    /// </summary>
    public string? BestFolder => trainer.BestStep is null ? null : Path.Combine(options.Output, RunFolder.BestName);

    /// <summary>Optimizer steps of the whole run.</summary>
    public long Steps { get; }

    /// <summary>Steps that are done.</summary>
    public long CompletedSteps => trainer.CompletedSteps;

    /// <summary>Examples that could not be used, so far.</summary>
    public long Skipped => source.Skipped;

    /// <summary>Tokens that did not fit the text length, so far.</summary>
    public long Cut => source.Cut;

    /// <summary>
    /// Opens data, model and the run's folder; with <see cref="FineTuningOptions.Resume"/> goes to the newest checkpoint.
    /// </summary>
    /// <param name="options">What it is told.</param>
    /// <param name="backend">Runs the operators; owned by the caller, to be disposed of after the run.</param>
    /// <param name="group">The processes that train together, or null for this one alone; owned by the caller.</param>
    /// <param name="trackers">Who follows the run; taken over.</param>
    /// <param name="tell">Hears what the user should know, a sentence each; null for nobody.</param>
    /// <param name="cancellationToken">Ends it between weights.</param>
    /// <returns>The run, ready to go.</returns>
    /// <exception cref="TrainingDataException">The data cannot be used.</exception>
    /// <exception cref="ModelFormatException">The model or the adapter cannot be used.</exception>
    /// <exception cref="RequestException">Options contradict each other, or the folder holds another run or other files.</exception>
    /// <exception cref="IOException">The folder cannot be written to, or another process works in it.</exception>
    public static FineTuning Open(
        FineTuningOptions options,
        IComputeBackend backend,
        IProcessGroup? group = null,
        IReadOnlyList<IRunTracker>? trackers = null,
        Action<string>? tell = null,
        CancellationToken cancellationToken = default)
    {
        TrainingInputs inputs = TrainingInputs.Open(options);
        try
        {
            FineTuning run = Open(inputs, backend, group, trackers, tell, cancellationToken);
            run.owned.Insert(0, inputs); // goes last
            return run;
        }
        catch
        {
            inputs.Dispose();
            throw;
        }
    }

    /// <summary>The same from what is open already, as for a <see cref="TrainingPlan"/>.</summary>
    /// <param name="inputs">Model, data and options; owned by the caller, to be disposed of after the run.</param>
    /// <param name="backend">Runs the operators; owned by the caller, to be disposed of after the run.</param>
    /// <param name="group">The processes that train together, or null for this one alone; owned by the caller.</param>
    /// <param name="trackers">Who follows the run; taken over.</param>
    /// <param name="tell">Hears what the user should know, a sentence each; null for nobody.</param>
    /// <param name="cancellationToken">Ends it between weights.</param>
    /// <returns>The run, ready to go.</returns>
    /// <exception cref="TrainingDataException">A picture is missing, or the held-out data cannot be used.</exception>
    /// <exception cref="ModelFormatException">The adapter cannot be used.</exception>
    /// <exception cref="RequestException">Options contradict each other, or the folder holds another run or other files.</exception>
    /// <exception cref="IOException">The folder cannot be written to, or another process works in it.</exception>
    public static FineTuning Open(
        TrainingInputs inputs,
        IComputeBackend backend,
        IProcessGroup? group = null,
        IReadOnlyList<IRunTracker>? trackers = null,
        Action<string>? tell = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(backend);
        FineTuningOptions options = inputs.Options;
        if ((options.Steps is null) == (options.Epochs is null))
            throw new ArgumentException("Give either steps or epochs.", nameof(inputs));
        if (options.Full && Path.GetFullPath(options.Output) == Path.GetFullPath(options.Model))
            throw new RequestException($"{options.Output} is the model that is begun from: give another folder for what is trained.");
        tell ??= _ => { };
        var run = new FineTuning(inputs, backend, group ?? new SingleProcess(), trackers ?? [], tell, cancellationToken);
        try
        {
            if (options.Resume && !run.trainer.Resume() && run.group.Rank == 0)
                tell($"{options.Output} has no checkpoint: the run begins.");
            return run;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    /// <summary>Takes the steps that are left, and at the end writes the adapter or the model into the run's folder.</summary>
    /// <param name="stop">Who may ask it to stop; null for nobody.</param>
    /// <returns>How it ended; where it was asked to stop, a checkpoint of the last step is there.</returns>
    /// <exception cref="RequestException">A loss or a gradient is not a number.</exception>
    /// <exception cref="ModelFormatException">A file of the model was written to; the last checkpoint has nothing of that.</exception>
    /// <exception cref="IOException">Something cannot be written.</exception>
    /// <exception cref="ProcessGroupException">Another process is gone; the first has saved the last whole step where it could.</exception>
    public TrainingEnd Run(StopSignal? stop = null)
    {
        TrainingEnd end = trainer.Run(stop);
        if (end == TrainingEnd.Finished && group.Rank == 0) SaveTo(options.Output);
        return end;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        for (int i = owned.Count - 1; i >= 0; i--) owned[i].Dispose();
        owned.Clear();
    }

    /// <summary>Writes the adapter or the model as it is now.</summary>
    private void SaveTo(string folder)
    {
        if (Model.HasAdapter) Model.SaveAdapter(folder);
        else ModelFolder.WriteInto(options.Model, folder, target => Model.SaveWeights(target, options.SavedFormat));
    }

    private T Own<T>(T value) where T : IDisposable
    {
        owned.Add(value);
        return value;
    }

    private static long StepsOf(FineTuningOptions options, int examples)
    {
        double ofStep = (double)options.BatchSize * options.Accumulation;
        double steps = options.Steps ?? Math.Max(1, Math.Ceiling(options.Epochs!.Value * examples / ofStep));
        return steps * options.Accumulation * options.BatchSize < MostVisits
            ? (long)steps
            : throw new RequestException($"{steps:G6} steps of {options.Accumulation} batches of {options.BatchSize} examples are more "
                + "than a run can count.");
    }

    private static StreamOptions StreamOptionsOf(FineTuningOptions options, long steps, IProcessGroup group) => new()
    {
        BatchSize = options.BatchSize,
        Batches = checked(steps * options.Accumulation),
        Shuffle = options.Shuffle,
        Seed = options.Seed,
        Rank = group.Rank,
        Ranks = group.Size,
        SkipBad = options.SkipBad,
    };

    private static TrainableOptions TrainableOptionsOf(TrainingInputs inputs)
    {
        FineTuningOptions options = inputs.Options;
        bool adapter = !options.Full || options.Adapter is not null;
        return new TrainableOptions
        {
            IsTrained = options.Full ? TrainedParts.Except(options.Freeze, [.. inputs.Checkpoint.Tensors.Keys]) : _ => false,
            NewAdapter = adapter && options.Adapter is null ? options.NewAdapter : null,
            AdapterFolder = options.Adapter,
            Seed = options.Seed,
            Precision = options.Precision,
            Quantization = options.Quantization,
            Checkpointing = options.Checkpointing,
            Model = options.Compatibility,
        };
    }

    private static Optimizer OptimizerOf(FineTuningOptions options, IComputeBackend backend, TrainableModel model, IProcessGroup group)
    {
        OptimizerShards? shards = options.ShardOptimizer && group.Size > 1 ? new OptimizerShards(group, model.Parameters) : null;
        return options.Optimizer switch
        {
            OptimizerKind.AdamW8Bit => new AdamW8BitOptimizer(backend, model.Parameters, options.OptimizerSettings) { Shards = shards },
            OptimizerKind.Sgd => new SgdOptimizer(backend, model.Parameters, options.OptimizerSettings) { Shards = shards },
            _ => new AdamWOptimizer(backend, model.Parameters, options.OptimizerSettings) { Shards = shards },
        };
    }

    private TrainerSettings SettingsOf() => new()
    {
        Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.Output))),
        LearningRate = options.LearningRate,
        Schedule = new Schedule(options.Schedule, Steps, options.WarmupSteps),
        Accumulation = options.Accumulation,
        ClipNorm = options.ClipNorm,
        Seed = options.Seed,
        SkipsEmptySteps = options.SkipBad,
        SaveEvery = options.SaveEvery,
        EvaluateEvery = options.EvaluateEvery,
        Other = new Dictionary<string, string>
        {
            ["model"] = Model.Checkpoint.Fingerprint(),
            ["adapter"] = Model.AdapterSettings is { } json ? Convert.ToHexStringLower(SHA256.HashData(json)) : "none",
            ["trained"] = Model.HasAdapter ? $"an adapter of {Model.Parameters.Count} matrices" : $"{Model.Parameters.Count} parameters",
            ["trained_numbers"] = Model.Parameters.Sum(p => p.Length).ToString(CultureInfo.InvariantCulture),
            ["batch_size"] = options.BatchSize.ToString(CultureInfo.InvariantCulture),
            ["shuffle"] = $"{options.Shuffle}",
            ["precision"] = $"{options.Precision}",
            ["quantization"] = options.Quantization?.ToString() ?? "none",
            ["loss"] = $"{options.Loss.Reduction}",
            ["label_smoothing"] = options.Loss.LabelSmoothing.ToString(CultureInfo.InvariantCulture),
            ["text_length"] = options.TextLength?.ToString(CultureInfo.InvariantCulture) ?? "any",
            ["processes"] = group.Size.ToString(CultureInfo.InvariantCulture),
        },
    };

    /// <summary>
    /// The adapter in PEFT's layout beside the numbers that a run goes on with, so that each checkpoint can be used as it is.
    /// </summary>
    private sealed class AdapterPart(TrainableModel model) : ICheckpointPart
    {
        public void Save(string folder) => model.SaveAdapter(folder);

        public void Load(string folder) { } // its numbers are among the parameters
    }
}
