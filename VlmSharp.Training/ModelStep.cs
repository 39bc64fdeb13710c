using VlmSharp.Compute;
using VlmSharp.Compute.Sampling;
using VlmSharp.Training.Distributed;
using VlmSharp.Training.Gradients;
using VlmSharp.Training.Loop;
using VlmSharp.Training.Optimizers;

namespace VlmSharp.Training;

/// <summary>
/// The gradient step of a model: forward and backward through the network, and the sum over processes if there are several.
/// </summary>
public sealed class ModelStep : ITrainingStep<IReadOnlyList<TrainingSequence>>, IDisposable
{
    private readonly TrainableModel model;
    private readonly GradientStep step;
    private readonly LossOptions loss;
    private readonly GradientBuckets? buckets;
    private readonly int rank;

    /// <summary>Creates the step.</summary>
    /// <param name="model">What is trained.</param>
    /// <param name="loss">What is minimized.</param>
    /// <param name="group">The processes that train together, or null for this one alone.</param>
    public ModelStep(TrainableModel model, LossOptions loss, IProcessGroup? group = null)
        : this(model, loss, group, null)
    {
    }

    /// <summary>The same, with a size of the buckets.</summary>
    internal ModelStep(TrainableModel model, LossOptions loss, IProcessGroup? group, long? bucketBytes)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(loss);
        (this.model, this.loss) = (model, loss);
        rank = group?.Rank ?? 0;
        step = new GradientStep(model.Network, model.Tape, loss);
        if (group is MpiGroup mpi)
            buckets = new GradientBuckets(model.Tape, model.Tape, [.. model.Parameters.Select(p => p.Weight)], mpi, bucketBytes);
    }

    /// <inheritdoc/>
    public BatchLoss Accumulate(IReadOnlyList<TrainingSequence> batch, in StepContext context)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (context.Batch == 0) Begin();
        Action<Weight>? ready = context.IsLast && buckets is not null ? buckets.Ready : null;
        model.DropoutKey = PassKey(context);
        double sum = batch.Count > 0 ? Weigh(batch, step.Run(batch, 1, ready)) : 0;
        model.DropoutKey = null;
        model.RequireUnchanged(); // before a gradient of overwritten weights changes a parameter
        if (context.IsLast) HandOver();
        return new BatchLoss(sum, WeightOf(batch), batch.Sum(e => (long)e.Ids.Count));
    }

    /// <summary>The loss of held-out examples.</summary>
    /// <param name="batch">Held-out examples; no parameter changes.</param>
    /// <returns>Their loss.</returns>
    /// <exception cref="ModelFormatException">A file of the model was written to since it was opened.</exception>
    public BatchLoss Evaluate(IReadOnlyList<TrainingSequence> batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var loss = new BatchLoss(Weigh(batch, step.Evaluate(batch)), WeightOf(batch), batch.Sum(e => (long)e.Ids.Count));
        model.RequireUnchanged();
        return loss;
    }

    /// <summary>Begins a step and drops what is left of the previous one.</summary>
    private void Begin()
    {
        model.Tape.Clear();
        foreach (Parameter parameter in model.Parameters) parameter.ClearGradient();
    }

    /// <summary>Moves the complete sums of the step from the tape to the parameters.</summary>
    private void HandOver()
    {
        buckets?.Finish();
        foreach (Parameter parameter in model.Parameters) parameter.SetGradient(model.Tape.Take(parameter.Weight));
    }

    /// <summary>The key of a pass's dropout masks: different in each process, and the same after a resume.</summary>
    private long PassKey(in StepContext context)
    {
        long pass = (context.Step << 16) + context.Batch;
        return (long)(CounterRandom.Uniform(context.Seed ^ ((long)rank << 40), pass) * (1L << 46));
    }

    /// <inheritdoc/>
    public void Dispose() => buckets?.Dispose();

    private bool IsTokenMean => loss.Reduction == LossReduction.TokenMean;

    private double WeightOf(IReadOnlyList<TrainingSequence> batch) => IsTokenMean ? batch.Sum(e => e.TargetCount) : batch.Count;

    private double Weigh(IReadOnlyList<TrainingSequence> batch, IReadOnlyList<double> losses)
    {
        double sum = 0;
        for (int i = 0; i < batch.Count; i++) sum += IsTokenMean ? losses[i] : losses[i] / batch[i].TargetCount;
        return sum;
    }
}
