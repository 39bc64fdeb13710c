using VlmSharp.Training.Data;
using VlmSharp.Training.Gradients;
using VlmSharp.Training.Loop;
using VlmSharp.Training.Tracking;

namespace VlmSharp.Training;

/// <summary>The loss on held-out data, and some answers.</summary>
internal sealed class Validation
{
    private readonly ModelStep step;
    private readonly ExampleStream stream;
    private readonly SampleAnswers answers;

    /// <summary>Prepares it.</summary>
    /// <param name="model">The model in training.</param>
    /// <param name="step">Computes the losses; no parameter changes.</param>
    /// <param name="data">The data; used and not disposed of.</param>
    /// <param name="encoder">Turns questions and answers into tokens.</param>
    /// <param name="options">Batch size, how many answers.</param>
    public Validation(TrainableModel model, ModelStep step, TrainingData data, ExampleEncoder encoder, FineTuningOptions options)
    {
        this.step = step;
        var order = new StreamOptions { BatchSize = options.BatchSize, Epochs = 1, Shuffle = false, SkipBad = options.SkipBad };
        stream = new ExampleStream(data, encoder, model.Preprocessor, order);
        answers = new SampleAnswers(model, [.. stream.Read().SelectMany(batch => batch.Examples).Take(options.Samples)]);
    }

    /// <summary>Computes the mean loss of a target token over all held-out examples, and the sample answers.</summary>
    /// <param name="cancellationToken">Looked at between batches and tokens.</param>
    /// <returns>The metric <c>loss</c>, and the answers.</returns>
    public EvaluationResult Run(CancellationToken cancellationToken)
    {
        double sum = 0, weight = 0;
        foreach (TrainingBatch batch in stream.Read(default, cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (batch.Examples.Count == 0) continue;
            BatchLoss loss = step.Evaluate([.. batch.Examples.Select(ExampleSource.ToSequence)]);
            (sum, weight) = (sum + loss.Sum, weight + loss.Weight);
        }

        var metrics = new Dictionary<string, double> { ["loss"] = sum / weight };
        return new EvaluationResult(metrics, answers.Run(cancellationToken));
    }
}
