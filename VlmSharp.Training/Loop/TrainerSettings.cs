using System.Globalization;
using VlmSharp.Training.Optimizers;

namespace VlmSharp.Training.Loop;

/// <summary>The settings of a training run.</summary>
public sealed record TrainerSettings
{
    /// <summary>The run's name, for those who track it.</summary>
    public string Name { get; init; } = "run";

    /// <summary>The learning rate that the schedule multiplies.</summary>
    public required double LearningRate { get; init; }

    /// <summary>How the learning rate moves, and how many steps there are.</summary>
    public required Schedule Schedule { get; init; }

    /// <summary>Batches of one optimizer step.</summary>
    public int Accumulation { get; init; } = 1;

    /// <summary>The global gradient norm above which gradients are clipped; null for no clipping.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>Seed of the random draws during training.</summary>
    public long Seed { get; init; }

    /// <summary>Whether a step without a usable example is skipped; if not, it is an error.</summary>
    public bool SkipsEmptySteps { get; init; }

    /// <summary>
    /// Steps between two checkpoints; 0 for a single one at the end. The best evaluation also gets one if the store keeps it.
    /// </summary>
    public long SaveEvery { get; init; }

    /// <summary>Steps between two evaluations; 0 for a single one at the end.</summary>
    public long EvaluateEvery { get; init; }

    /// <summary>
    /// The evaluation's metric that says which checkpoint is best; the smaller the better unless <see cref="HigherIsBetter"/>.
    /// </summary>
    public string BestMetric { get; init; } = "loss";

    /// <summary>Whether a larger <see cref="BestMetric"/> is better.</summary>
    public bool HigherIsBetter { get; init; }

    /// <summary>Other values that affect results, by name: the model, what is trained, batch size, precision.</summary>
    public IReadOnlyDictionary<string, string> Other { get; init; } = new Dictionary<string, string>();

    /// <summary>The options of the run in words, in display order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Summary { get; init; } = [];

    /// <summary>Everything that results depend on, as text; it must be the same for a run to be resumed.</summary>
    internal SortedDictionary<string, string> Describe(Optimizer optimizer)
    {
        OptimizerSettings o = optimizer.Settings;
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["learning_rate"] = Text(LearningRate),
            ["schedule"] = $"{Schedule.Kind}",
            // With a constant rate nothing depends on the total number of steps, so the run may be extended.
            ["steps"] = Schedule.Kind == ScheduleKind.Constant ? "any" : Text(Schedule.TotalSteps),
            ["warmup_steps"] = Text(Schedule.WarmupSteps),
            ["accumulate"] = Text(Accumulation),
            ["clip"] = ClipNorm is { } clip ? Text(clip) : "none",
            ["seed"] = Text(Seed),
            ["optimizer"] = optimizer.Name,
            ["weight_decay"] = Text(o.WeightDecay),
            ["decay_scope"] = $"{o.DecayScope}",
            ["decay_form"] = $"{o.DecayForm}",
            ["beta1"] = Text(o.Beta1),
            ["beta2"] = Text(o.Beta2),
            ["epsilon"] = Text(o.Epsilon),
            ["momentum"] = Text(o.Momentum),
        };
        foreach (var (name, value) in Other) all[name] = value;
        return all;

        static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
    }
}
