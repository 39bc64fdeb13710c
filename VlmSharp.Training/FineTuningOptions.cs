using VlmSharp.Adapters;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Models;
using VlmSharp.Training.Data;
using VlmSharp.Training.Gradients;
using VlmSharp.Training.Optimizers;

namespace VlmSharp.Training;

/// <summary>The options of a fine-tuning run. The defaults are those of <c>vlmsharp train</c>.</summary>
public sealed record FineTuningOptions
{
    /// <summary>The folder of the model to start from.</summary>
    public required string Model { get; init; }

    /// <summary>The training data: a file or folder.</summary>
    public required string Data { get; init; }

    /// <summary>The run's folder: metrics, checkpoints, and at the end the adapter or the model.</summary>
    public required string Output { get; init; }

    /// <summary>How data are read; null to find it out from what they hold.</summary>
    public DataOptions? Reading { get; init; }

    /// <summary>Held-out data: their loss and some answers show the progress. Null for none.</summary>
    public string? EvaluationData { get; init; }

    /// <summary>Optimizer steps; if null, <see cref="Epochs"/> applies.</summary>
    public long? Steps { get; init; }

    /// <summary>Number of passes over the data, rounded up to whole steps.</summary>
    public double? Epochs { get; init; }

    /// <summary>Examples of a batch, over all processes.</summary>
    public int BatchSize { get; init; } = 1;

    /// <summary>Batches of an optimizer step.</summary>
    public int Accumulation { get; init; } = 1;

    /// <summary>The learning rate that the schedule multiplies.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Which optimizer.</summary>
    public OptimizerKind Optimizer { get; init; }

    /// <summary>Decay and betas.</summary>
    public OptimizerSettings OptimizerSettings { get; init; } = new();

    /// <summary>The global gradient norm above which gradients are clipped; null for no clipping.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>How the learning rate moves.</summary>
    public ScheduleKind Schedule { get; init; }

    /// <summary>Steps in which the learning rate rises from 0.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>Whether each pass over the data has its own order; otherwise the file's order.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>Seed of the order, the choice of answers, new matrices and dropout.</summary>
    public long Seed { get; init; }

    /// <summary>Whether the model's own parameters are trained, except those in <see cref="Freeze"/>.</summary>
    public bool Full { get; init; }

    /// <summary>
    /// With <see cref="Full"/>: parts (vision, projector, decoder, embedding) or patterns of names with * that are not trained.
    /// </summary>
    public IReadOnlyList<string> Freeze { get; init; } = [];

    /// <summary>The folder of an adapter to continue training, or null.</summary>
    public string? Adapter { get; init; }

    /// <summary>The configuration of a new adapter, used if neither <see cref="Full"/> nor <see cref="Adapter"/> is given.</summary>
    public AdapterConfig NewAdapter { get; init; } = DecoderAdapter;

    /// <summary>Quantizes frozen matrices of the decoder while they are loaded, or null.</summary>
    public DType? Quantization { get; init; }

    /// <summary>How trained parameters of the model are stored: F32, or BF16 with fp32 master copies.</summary>
    public DType Precision { get; init; } = DType.F32;

    /// <summary>How the trained model's parameters are written: F32 or BF16.</summary>
    public DType SavedFormat { get; init; } = DType.F32;

    /// <summary>What is minimized.</summary>
    public LossOptions Loss { get; init; } = new();

    /// <summary>The most tokens of prefix and suffix; null for as many as there are.</summary>
    public int? TextLength { get; init; }

    /// <summary>Whether examples that cannot be used are left out and counted; if not, they are an error.</summary>
    public bool SkipBad { get; init; }

    /// <summary>Whether blocks keep only their input and are run a second time in the backward pass.</summary>
    public bool Checkpointing { get; init; } = true;

    /// <summary>Steps between checkpoints; 0 for a single one at the end.</summary>
    public long SaveEvery { get; init; } = 100;

    /// <summary>How many of the newest checkpoints stay.</summary>
    public int KeepLast { get; init; } = 2;

    /// <summary>Steps between evaluations; 0 for a single one at the end.</summary>
    public long EvaluateEvery { get; init; } = 100;

    /// <summary>Answers that an evaluation shows.</summary>
    public int Samples { get; init; } = 4;

    /// <summary>Whether the run in the folder is resumed; if not, a folder with a run is an error.</summary>
    public bool Resume { get; init; }

    /// <summary>Whether the optimizer's state is shared out over the processes (ZeRO-1).</summary>
    public bool ShardOptimizer { get; init; }

    /// <summary>Approximate number of gradient bytes summed over processes at once; null for the default.</summary>
    internal long? BucketBytes { get; init; }

    /// <summary>Compatibility switches, or null for the defaults.</summary>
    public ModelOptions? Compatibility { get; init; }

    /// <summary>Opens the model's files.</summary>
    internal Checkpoint OpenCheckpoint() => Checkpoint.Open(Model, Compatibility?.IgnoreUnexpectedTensors ?? false);

    /// <summary>How data are read, bad examples left out where that is asked for.</summary>
    internal DataOptions ReadingOptions => (Reading ?? new DataOptions()) with { SkipBad = SkipBad };

    /// <summary>LoRA of rank 8 on all linear layers of the decoder.</summary>
    public static AdapterConfig DecoderAdapter => new()
    {
        Rank = 8,
        Alpha = 8,
        TargetModules = ModulePattern.OfExpression(@"(.*\.)?language_model\..*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"),
    };
}

/// <summary>Which optimizer.</summary>
public enum OptimizerKind
{
    /// <summary>AdamW with fp32 moments.</summary>
    AdamW,

    /// <summary>AdamW with moments of 8 bits.</summary>
    AdamW8Bit,

    /// <summary>Stochastic gradient descent.</summary>
    Sgd,
}
