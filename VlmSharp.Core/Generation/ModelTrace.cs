using VlmSharp.Compute;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>An intermediate of the forward pass, on the host.</summary>
/// <param name="Name">Its name, for instance <c>text.layer.0</c>.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Values">Its numbers, row-major.</param>
public sealed record TracedTensor(string Name, IReadOnlyList<long> Shape, float[] Values);

/// <summary>Everything that <see cref="ModelTrace.Run"/> saw.</summary>
/// <param name="Tensors">The intermediates, in the order of the computation.</param>
/// <param name="InputIds">[T], image placeholders included.</param>
/// <param name="Tokens">The tokens generated greedily, stopping at nothing.</param>
public sealed record Trace(IReadOnlyList<TracedTensor> Tensors, IReadOnlyList<int> InputIds, IReadOnlyList<int> Tokens);

/// <summary>
/// One request through the model with every stage kept: pixels, encoder layers, projector, decoder layers, logits. To
/// compare with another implementation, to see where two backends part, or to learn what happens inside.
/// </summary>
public static class ModelTrace
{
    /// <summary>Steps whose logits are kept.</summary>
    public const int StepLogits = 8;

    /// <summary>Runs a request.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">One request.</param>
    /// <param name="newTokens">Tokens to generate, at least 1.</param>
    /// <param name="promptLogits">Whether to keep the logits of every prompt position, [T, V].</param>
    /// <returns>What was seen.</returns>
    public static Trace Run(VisionLanguageModel model, GenerationRequest request, int newTokens = StepLogits, bool promptLogits = true)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(newTokens);
        PaliGemmaModel network = model.Model;
        PreparedPrompt prompt = model.Prepare(request);
        newTokens = prompt.LimitNewTokens(newTokens, network.Config.Text);
        int pictures = prompt.Pixels.Count, side = network.Config.Vision.ImageSize, vocabulary = network.Config.Text.VocabSize;
        var sink = new Recorder(network.Backend, pictures);
        var generation = new TracedGeneration(model, prompt);
        sink.Add("pixel_values", [pictures, 3, side, side], generation.Pixels);

        var tokens = new List<int>();
        float[] steps = new float[checked(Math.Min(StepLogits, newTokens) * vocabulary)];
        generation.Run(newTokens, sink, stepSink: null, promptLogits, (logits, id) =>
        {
            if (tokens.Count < StepLogits) network.Backend.Download(logits, steps.AsSpan(tokens.Count * vocabulary, vocabulary));
            tokens.Add(id);
            return true;
        });
        sink.Add("step_logits", [steps.Length / vocabulary, vocabulary], steps);
        return new Trace(sink.Tensors, prompt.Ids, tokens);
    }

    /// <summary>Copies what it hears to the host. Encoder stages get their picture axis back.</summary>
    private sealed class Recorder(IComputeBackend b, int pictures) : ITraceSink
    {
        public List<TracedTensor> Tensors { get; } = [];

        public void Add(string name, long[] shape, float[] values) => Tensors.Add(new TracedTensor(name, shape, values));

        public void Record(string name, Matrix value)
        {
            float[] values = new float[checked((int)value.Length)];
            b.Download(value, values);
            bool perPicture = name == "projector" || name.StartsWith("vision.", StringComparison.Ordinal);
            Add(name, perPicture ? [pictures, value.Rows / pictures, value.Columns] : [value.Rows, value.Columns], values);
        }
    }
}
