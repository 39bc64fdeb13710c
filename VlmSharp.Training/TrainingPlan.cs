using VlmSharp.Adapters;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Generation;
using VlmSharp.Models;
using VlmSharp.Quantization;
using VlmSharp.Training.Gradients;

namespace VlmSharp.Training;

/// <summary>
/// The memory that a training will need, computed before it runs. One gradient step of the longest examples goes through the model on a
/// backend that allocates memory and computes nothing.
/// </summary>
/// <param name="Tokens">Tokens of the longest example, including pictures.</param>
/// <param name="TrainedNumbers">Numbers that are trained.</param>
/// <param name="MappedBytes">Frozen weights used as they are stored; the system keeps in memory what fits.</param>
/// <param name="QuantizedBytes">Frozen weights that are quantized while the model is loaded.</param>
/// <param name="ParameterBytes">Trained parameters, including master copies.</param>
/// <param name="OptimizerBytes">The optimizer's states.</param>
/// <param name="StepBytes">Activations and gradients of a step. All of it is kept for reuse.</param>
public sealed record TrainingPlan(
    int Tokens, long TrainedNumbers, long MappedBytes, long QuantizedBytes, long ParameterBytes, long OptimizerBytes, long StepBytes)
{
    // A larger batch is not simulated: the simulation would allocate the memory that it is meant to predict.
    private const int MostExamples = 16;

    /// <summary>The number of processes that train together; the plan's numbers are per process.</summary>
    public int Processes { get; internal init; } = 1;

    /// <summary>All but the mapped weights.</summary>
    public long PrivateBytes => QuantizedBytes + ParameterBytes + OptimizerBytes + StepBytes;

    /// <summary>Plans a training.</summary>
    /// <param name="inputs">Model, data and what it is told.</param>
    /// <param name="processes">How many train together.</param>
    /// <returns>The plan, of each process.</returns>
    /// <exception cref="ModelFormatException">The adapter cannot be used.</exception>
    /// <exception cref="RequestException">Options do not fit the model, or a batch is larger than a step can be.</exception>
    public static TrainingPlan For(TrainingInputs inputs, int processes = 1)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentOutOfRangeException.ThrowIfLessThan(processes, 1);
        return For(inputs.Options, processes, inputs.Checkpoint, inputs.Longest);
    }

    /// <summary>Plans a training on examples of a given length, without looking at data.</summary>
    internal static TrainingPlan For(FineTuningOptions options, int images, int prefix, int suffix)
    {
        using Checkpoint checkpoint = options.OpenCheckpoint();
        return For(options, processes: 1, checkpoint, new ExampleSize(images, prefix, suffix));
    }

    /// <summary>Throws if the training does not fit, and names a setting that would.</summary>
    /// <param name="inputs">What was planned.</param>
    /// <param name="available">Available bytes.</param>
    /// <param name="copies">Whether the backend holds frozen weights too, as a device does.</param>
    /// <exception cref="RequestException">It does not fit.</exception>
    public void Require(TrainingInputs inputs, long available, bool copies)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        long needed = PrivateBytes + (copies ? MappedBytes : 0);
        if (needed <= available) return;
        string way = Alternatives(inputs.Options, Processes).FirstOrDefault(a => Fits(a.Options)).Words is { } words
            ? $"It fits with {words}."
            : "No setting of this model fits: take a smaller model.";
        throw new RequestException(
            $"The training needs {Gigabytes(needed)} of memory ({this}), and there are {Gigabytes(available)}. {way}");

        bool Fits(FineTuningOptions other)
        {
            TrainingPlan plan = For(other, Processes, inputs.Checkpoint, inputs.Longest);
            return plan.PrivateBytes + (copies ? plan.MappedBytes : 0) <= available;
        }
    }

    /// <summary>The parts in words.</summary>
    /// <returns>For instance <c>parameters 2.2 MiB, optimizer 4.4 MiB</c>; parts of 0 bytes are left out.</returns>
    public override string ToString()
    {
        (string Name, long Bytes)[] parts =
        [
            ("weights mapped", MappedBytes), ("weights quantized", QuantizedBytes), ("parameters", ParameterBytes),
            ("optimizer", OptimizerBytes),
            ("activations and gradients", StepBytes),
        ];
        return string.Join(", ", parts.Where(p => p.Bytes > 0).Select(p => $"{p.Name} {Gigabytes(p.Bytes)}"));
    }

    /// <summary>Bytes as people read them.</summary>
    public static string Gigabytes(long bytes) => bytes >= 1L << 29
        ? FormattableString.Invariant($"{bytes / (double)(1L << 30):0.0} GiB")
        : FormattableString.Invariant($"{bytes / (double)(1L << 20):0.0} MiB");

    private static IEnumerable<(string Words, FineTuningOptions Options)> Alternatives(FineTuningOptions o, int n)
    {
        if (n > 1 && !o.ShardOptimizer) yield return ("--shard-optimizer", o with { ShardOptimizer = true });
        if (!o.Checkpointing) yield return ("gradient checkpointing", o with { Checkpointing = true });
        if (o.BatchSize > n) yield return ($"--batch-size {n} and more --accumulate", o with { BatchSize = n });
        if (o.Full && o.Optimizer == OptimizerKind.AdamW)
            yield return ($"--optimizer adamw8bit and --batch-size {n}", o with { Optimizer = OptimizerKind.AdamW8Bit, BatchSize = n });
        FineTuningOptions adapter = o with { Full = false, Freeze = [], BatchSize = n, Checkpointing = true };
        if (o.Full) yield return ($"an adapter (without --full) and --batch-size {n}", adapter);
        yield return ($"an adapter on a quantized model (--quantize nf4) and --batch-size {n}", adapter with { Quantization = DType.Nf4 });
    }

    private static TrainingPlan For(FineTuningOptions options, int processes, Checkpoint checkpoint, ExampleSize longest)
    {
        TrainingSequence example = Example(checkpoint.Config, longest);
        int count = RequireBatch(options.BatchSize, processes, example), half = count, parts = 1;
        // A large batch is halved until it is small. Each further part of that size takes as much as the second one, because a matrix grows
        // linearly with its rows.
        for (; half > MostExamples / 2; parts *= 2) half = (half + 1) / 2;
        DryRun run = DryRun.Of(options, checkpoint, example, count <= MostExamples ? count : half);
        long stepBytes = run.StepBytes, numbers = run.Numbers;
        if (count > MostExamples) stepBytes += (parts - 1L) * (DryRun.Of(options, checkpoint, example, 2 * half).StepBytes - stepBytes);

        (long quantizedAway, long quantized) = options.Quantization is { } format ? QuantizationPlan.Bytes(checkpoint, format) : default;
        long perNumber = options.Precision == DType.BF16 ? sizeof(ushort) + sizeof(float) : sizeof(float);
        long buckets = processes > 1 ? sizeof(float) * numbers : 0; // gradients on their way to the other processes
        long remembered = options.ShardOptimizer ? Math.Max(run.Largest, numbers / processes) : numbers; // whole parameters are shared out
        return new TrainingPlan(
            example.Ids.Count, numbers, checkpoint.TotalBytes - run.Replaced - quantizedAway, quantized + checkpoint.OwnBytes,
            run.InModel * perNumber + (numbers - run.InModel) * sizeof(float), OptimizerSize(options, remembered), stepBytes + buckets)
        { Processes = processes };
    }

    /// <summary>A gradient step that allocates memory and computes nothing.</summary>
    /// <param name="Numbers">Numbers that are trained.</param>
    /// <param name="InModel">Those that are the model's own parameters.</param>
    /// <param name="Largest">Numbers of the largest parameter.</param>
    /// <param name="Replaced">Bytes in the files that trained parameters replace.</param>
    /// <param name="StepBytes">Activations and gradients.</param>
    private sealed record DryRun(long Numbers, long InModel, long Largest, long Replaced, long StepBytes)
    {
        public static DryRun Of(FineTuningOptions options, Checkpoint checkpoint, TrainingSequence example, int count)
        {
            using var backend = new DryRunBackend();
            using var tape = new Tape(backend) { Checkpointing = options.Checkpointing };
            PaliGemmaConfig config = checkpoint.Config with { TiesHead = !checkpoint.HasSeparateHead };
            using TrainedAdapter? adapter = options.Adapter is { } folder ? TrainedAdapter.Continue(backend, config, folder)
                : options.Full ? null
                : TrainedAdapter.Begin(backend, config, options.NewAdapter, options.Seed);
            using var lowRank = new LowRankBackend(tape) { Always = adapter?.Adapter };
            Func<string, bool> isTrained = options.Full ? TrainedParts.Except(options.Freeze, [.. checkpoint.Tensors.Keys]) : _ => false;
            long numbers = 0, replaced = 0, largest = 0;
            var model = new PaliGemmaModel(config, lowRank, name =>
            {
                WeightData data = checkpoint.Weight(name);
                Weight weight = backend.LoadWeight(data);
                if (isTrained(name)) Train(weight, replaces: data.ByteLength);
                return weight;
            }, options.Compatibility);
            long inModel = numbers;
            foreach (Optimizers.Parameter parameter in adapter?.Parameters ?? []) Train(parameter.Weight, replaces: 0);
            new GradientStep(model, tape, options.Loss).Run([.. Enumerable.Repeat(example, count)], 1);
            return new DryRun(numbers, inModel, largest, replaced, backend.AllocatedBytes);

            void Train(Weight weight, long replaces)
            {
                long length = (long)weight.Rows * weight.Columns;
                tape.Train(weight);
                (numbers, replaced, largest) = (numbers + length, replaced + replaces, Math.Max(largest, length));
            }
        }
    }

    /// <summary>A process's examples of a batch.</summary>
    /// <exception cref="RequestException">Their pictures do not fit one matrix.</exception>
    private static int RequireBatch(int batch, int processes, TrainingSequence example)
    {
        int count = (int)(((long)batch + processes - 1) / processes);
        long most = Array.MaxLength / Math.Max(example.Ids.Count, example.Pixels.Sum(p => (long)p.Length));
        return count <= most ? count : throw new RequestException(
            $"A batch of {batch} examples is larger than a step can be: give --batch-size {most * processes} or less, and more "
                + "--accumulate.");
    }

    private static long OptimizerSize(FineTuningOptions options, long numbers) => options.Optimizer switch
    {
        OptimizerKind.AdamW8Bit => 2 * numbers + numbers / 32, // two codes, and two scales for 256 of them
        OptimizerKind.Sgd => options.OptimizerSettings.Momentum > 0 ? sizeof(float) * numbers : 0,
        _ => 2 * sizeof(float) * numbers,
    };

    private static TrainingSequence Example(PaliGemmaConfig config, ExampleSize size)
    {
        int pictures = size.Images * config.Vision.Patches, side = config.Vision.ImageSize;
        int[] ids = new int[pictures + size.Prefix + size.Suffix];
        Array.Fill(ids, config.ImageTokenId, 0, pictures);
        float[] pixels = new float[3 * side * side]; // one array stands for all pictures
        return new TrainingSequence(ids, pictures + size.Prefix, [.. Enumerable.Repeat(pixels, size.Images)]);
    }
}
