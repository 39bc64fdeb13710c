using VlmSharp.Compute;
using VlmSharp.Formats;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>An intermediate of the forward pass, on the host.</summary>
/// <param name="Name">Its name, for instance <c>text.layer.0</c>.</param>
/// <param name="Shape">[rows, features], and more dimensions for the weights of attention.</param>
/// <param name="Values">Its numbers, row-major.</param>
public sealed record TracedTensor(string Name, IReadOnlyList<long> Shape, float[] Values);

/// <summary>The result of <see cref="ModelTrace.Run"/>.</summary>
/// <param name="Tensors">The intermediates, in the order of the computation.</param>
/// <param name="InputIds">[T], image placeholders included.</param>
/// <param name="Tokens">The tokens, generated greedily without stopping at any token.</param>
public sealed record Trace(IReadOnlyList<TracedTensor> Tensors, IReadOnlyList<int> InputIds, IReadOnlyList<int> Tokens)
{
    /// <summary>Writes a safetensors file: each tensor under its name in F32, and <c>input_ids</c> and <c>tokens</c> in I64.</summary>
    /// <param name="path">The file; replaced if there is one.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Save(string path) => SafetensorsWriter.Write(path,
    [
        .. Tensors.Select(t => TensorToWrite.FromFloats(t.Name, DType.F32, [.. t.Shape], t.Values)),
        Integers("input_ids", InputIds),
        Integers("tokens", Tokens),
    ]);

    private static TensorToWrite Integers(string name, IReadOnlyList<int> values) =>
        TensorToWrite.FromIntegers(name, [values.Count], values.Select(v => (long)v).ToArray());
}

/// <summary>
/// Runs one request through the model and keeps every stage: pixels, encoder layers, projector, decoder layers, logits. It serves to
/// compare with another implementation, to find where two backends diverge, or to learn what happens inside.
/// </summary>
public static class ModelTrace
{
    /// <summary>Number of steps whose logits are kept.</summary>
    public const int StepLogits = 8;

    /// <summary>Runs a request.</summary>
    /// <param name="model">Runs the request in a session of its own.</param>
    /// <param name="request">Pictures and prompt; its trace sink and its constraint are replaced.</param>
    /// <param name="newTokens">Tokens to generate, at least 1.</param>
    /// <param name="promptLogits">Whether to keep the logits of every prompt position, [T, V].</param>
    /// <returns>What was seen.</returns>
    public static Trace Run(VisionLanguageModel model, GenerationRequest request, int newTokens = StepLogits, bool promptLogits = true)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(newTokens);
        PaliGemmaConfig config = model.Config;
        var sink = new Recorder(model.Backend, request.Images.Count, promptLogits);
        var options = new GenerationOptions { MaxNewTokens = newTokens, IgnoreEndOfSequence = true };
        using GenerationSession session = model.Start([request with { Trace = sink, Constraint = null }], options);
        int side = config.Vision.ImageSize;
        sink.Add("pixel_values", [request.Images.Count, 3, side, side], [.. model.Prepare(request).Pixels.SelectMany(p => p)]);
        while (!session.IsFinished) session.Step();
        sink.Add("step_logits", [sink.StepLogits.Count / config.Text.VocabSize, config.Text.VocabSize], [.. sink.StepLogits]);
        return new Trace(sink.Tensors, session.PromptIds(0), session.Result(0).TokenIds);
    }

    /// <summary>Copies the stages to the host. Encoder stages get their picture axis back.</summary>
    private sealed class Recorder(IComputeBackend b, int pictures, bool promptLogits) : ITraceSink
    {
        public List<TracedTensor> Tensors { get; } = [];

        /// <summary>The logits of the first steps, one row after another.</summary>
        public List<float> StepLogits { get; } = [];

        public bool PromptLogits => promptLogits;

        public void Add(string name, long[] shape, float[] values) => Tensors.Add(new TracedTensor(name, shape, values));

        public void Record(string name, Matrix value)
        {
            bool isStep = name == "step.logits";
            // After the first step, only the scores are kept.
            if (isStep ? StepLogits.Count >= ModelTrace.StepLogits * value.Columns : StepLogits.Count > 0) return;
            float[] values = new float[checked((int)value.Length)];
            b.Download(value, values);
            if (isStep)
            {
                StepLogits.AddRange(values);
                return;
            }

            bool perPicture = name == "projector" || name.StartsWith("vision.", StringComparison.Ordinal);
            Add(name, perPicture ? [pictures, value.Rows / pictures, value.Columns] : [value.Rows, value.Columns], values);
        }
    }
}
