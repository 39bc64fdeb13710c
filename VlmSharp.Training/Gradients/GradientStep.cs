using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Models;

namespace VlmSharp.Training.Gradients;

/// <summary>
/// A forward pass of a model over some examples, its loss, and the backward pass, which adds to the gradients on the tape. The examples
/// form one ragged batch, each with its bidirectional prefix (Beyer et al. 2024, section 3.2.1).
/// </summary>
/// <param name="model">The model; its backend is the tape or wraps it.</param>
/// <param name="tape">Records the operators.</param>
/// <param name="options">Which tokens count, and how much.</param>
public sealed class GradientStep(PaliGemmaModel model, Tape tape, LossOptions options)
{
    private readonly IComputeBackend b = model.Backend;

    /// <summary>Runs examples forward and backward.</summary>
    /// <param name="examples">The examples, at least one.</param>
    /// <param name="weight">
    /// The factor of each summand, so that several calls add up to one mean: 1 / (target tokens of the step), or with
    /// <see cref="LossReduction.ExampleMean"/> 1 / (examples of the step).
    /// </param>
    /// <param name="ready">Called for each parameter whose gradient is complete, or null.</param>
    /// <returns>The loss of each example: the sum over its target tokens.</returns>
    public IReadOnlyList<double> Run(IReadOnlyList<TrainingSequence> examples, double weight, Action<Weight>? ready = null)
    {
        Check(examples);
        using var inputs = new Inputs(b, model.Config, examples);
        using Matrix losses = tape.Record(() => Forward(inputs)); // [n, 2]
        float[] weights = Weights(examples, weight); // [n, 2]
        using Matrix dLoss = b.Upload(weights, losses.Rows, 2);
        tape.Backward(losses, dLoss, ready);
        return PerExample(examples, losses);
    }

    /// <summary>Runs examples forward only, for validation.</summary>
    /// <param name="examples">The examples, at least one.</param>
    /// <returns>The loss of each example: the sum over its target tokens.</returns>
    public IReadOnlyList<double> Evaluate(IReadOnlyList<TrainingSequence> examples)
    {
        Check(examples);
        using var inputs = new Inputs(b, model.Config, examples);
        using Matrix losses = Forward(inputs); // [n, 2]
        return PerExample(examples, losses);
    }

    /// <summary>The logits that predict each target, for comparisons.</summary>
    /// <param name="examples">The examples, at least one.</param>
    /// <returns>[targets of all examples, V], owned by the caller.</returns>
    public Matrix Logits(IReadOnlyList<TrainingSequence> examples)
    {
        Check(examples);
        using var inputs = new Inputs(b, model.Config, examples);
        using Matrix hidden = Hidden(inputs); // [n, h]
        return model.Logits(hidden); // [n, V]
    }

    private Matrix Forward(Inputs inputs)
    {
        using Matrix hidden = Hidden(inputs); // [n, h]
        return model.Losses(hidden, inputs.Targets, options.LabelSmoothing); // [n, 2]
    }

    /// <summary>The decoder's rows that predict the targets, [n, h].</summary>
    private Matrix Hidden(Inputs inputs)
    {
        using Matrix images = inputs.Pixels.HasValue ? model.EncodeImages(inputs.Pixels) : default; // [pictures * N, h]
        using Matrix input = model.Embed(inputs.Ids, images, inputs.ImageRows); // [T, h]
        using Matrix output = model.Decode(input, b.Prepare(inputs.Batch)); // [T, h]
        return b.SelectRows(output, inputs.TargetRows); // [n, h]
    }

    private float[] Weights(IReadOnlyList<TrainingSequence> examples, double weight)
    {
        var weights = new List<float>();
        foreach (TrainingSequence example in examples)
        {
            double each = options.Reduction == LossReduction.TokenMean ? weight : weight / example.TargetCount;
            for (int i = 0; i < example.TargetCount; i++) weights.AddRange([(float)each, 0]); // the second column is no loss
        }

        return [.. weights];
    }

    private double[] PerExample(IReadOnlyList<TrainingSequence> examples, Matrix losses)
    {
        float[] values = new float[losses.Length];
        b.Download(losses, values);
        double[] sums = new double[examples.Count];
        for (int i = 0, row = 0; i < sums.Length; i++)
            for (int t = 0; t < examples[i].TargetCount; t++, row++) sums[i] += values[2 * row];
        return sums;
    }

    private static void Check(IReadOnlyList<TrainingSequence> examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        if (examples.Count == 0) throw new ArgumentException("A step needs an example.", nameof(examples));
        foreach (TrainingSequence example in examples)
            if (example.PrefixLength < 1 || example.TargetCount < 1)
                throw new ArgumentException($"An example has {example.PrefixLength} prompt tokens and {example.TargetCount} targets; each "
                    + "needs one.", nameof(examples));
    }

    /// <summary>A step's examples on the backend, one behind another.</summary>
    private sealed class Inputs : IDisposable
    {
        public Inputs(IComputeBackend b, PaliGemmaConfig config, IReadOnlyList<TrainingSequence> examples)
        {
            List<int> ids = [], targets = [], targetRows = [];
            foreach (TrainingSequence example in examples)
            {
                // A token is predicted at the row before it.
                for (int i = example.PrefixLength; i < example.Ids.Count; i++)
                {
                    targets.Add(example.Ids[i]);
                    targetRows.Add(ids.Count + i - 1);
                }

                Batch.Add(example.Ids.Count, prefixLength: example.PrefixLength);
                ids.AddRange(example.Ids);
            }

            int[] imageRows = [.. Enumerable.Range(0, ids.Count).Where(i => ids[i] == config.ImageTokenId)];
            float[][] pictures = [.. examples.SelectMany(e => e.Pixels)];
            if (imageRows.Length != pictures.Length * config.Vision.Patches)
                throw new ArgumentException(
                    $"The examples have {imageRows.Length} image tokens and {pictures.Length} pictures of {config.Vision.Patches} each.");
            Ids = b.Upload([.. ids]);
            Targets = b.Upload([.. targets]);
            TargetRows = b.Upload([.. targetRows]);
            ImageRows = b.Upload(imageRows);
            if (pictures.Length > 0) Pixels = b.Upload([.. pictures.SelectMany(p => p)], pictures.Length, pictures[0].Length);
        }

        public SequenceBatch Batch { get; } = new();

        public Indices Ids { get; } // [T]

        public Indices Targets { get; } // [n]

        public Indices TargetRows { get; } // [n]

        public Indices ImageRows { get; } // [pictures * N]

        public Matrix Pixels { get; } // [pictures, 3 * S * S]

        public void Dispose()
        {
            Ids.Dispose();
            Targets.Dispose();
            TargetRows.Dispose();
            ImageRows.Dispose();
            Pixels.Dispose();
        }
    }
}
