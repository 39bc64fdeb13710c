using System.Globalization;
using VlmSharp.Training.Optimizers;

namespace VlmSharp.Training.Loop;

/// <summary>What a training is told.</summary>
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

    /// <summary>The largest global norm of the gradient that stays as it is; null does not clip.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>Seeds what is drawn while training.</summary>
    public long Seed { get; init; }

    /// <summary>Whether a step whose examples could none of them be used is passed over; if not, it is an error.</summary>
    public bool SkipsEmptySteps { get; init; }

    /// <summary>
    /// Steps between two checkpoints; 0 for one at the end alone. The best evaluation has one too, where the store keeps it.
    /// </summary>
    public long SaveEvery { get; init; }

    /// <summary>Steps between two evaluations; 0 for one at the end alone.</summary>
    public long EvaluateEvery { get; init; }

    /// <summary>
    /// The evaluation's metric that says which checkpoint is best; the smaller the better unless <see cref="HigherIsBetter"/>.
    /// </summary>
    public string BestMetric { get; init; } = "loss";

    /// <summary>Whether a larger <see cref="BestMetric"/> is better.</summary>
    public bool HigherIsBetter { get; init; }

    /// <summary>What else results depend on, name and value: the model, what is trained, batch size, precision.</summary>
    public IReadOnlyDictionary<string, string> Other { get; init; } = new Dictionary<string, string>();

    /// <summary>What the run was told, in words for who reads about it; in the order in which it is shown.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Summary { get; init; } = [];

    /// <summary>All that results depend on, as text: what must be the same for a run to go on.</summary>
    internal SortedDictionary<string, string> Describe(Optimizer optimizer)
    {
        OptimizerSettings o = optimizer.Settings;
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["learning_rate"] = Text(LearningRate),
            ["schedule"] = $"{Schedule.Kind}",
            // Of a constant rate nothing depends on how far the run goes: it may be made longer.
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
