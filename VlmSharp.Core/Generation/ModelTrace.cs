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
        IComputeBackend b = network.Backend;
        PreparedPrompt prompt = model.Prepare(request);
        newTokens = prompt.LimitNewTokens(newTokens, network.Config.Text);
        int pictures = prompt.Pixels.Count;
        var sink = new Recorder(b, pictures);

        float[] pixels = [.. prompt.Pixels.SelectMany(p => p)];
        int side = network.Config.Vision.ImageSize;
        sink.Add("pixel_values", [pictures, 3, side, side], pixels);
        using Tensor planes = b.Upload(pixels, pictures, pixels.Length / pictures); // [n, 3 * S * S]
        using Tensor images = network.EncodeImages(planes, sink); // [n * N, h]

        using KvCache cache = network.CreateKvCache(prompt.Ids.Length + newTokens);
        var batch = new SequenceBatch();
        batch.Add(prompt.Ids.Length, prefixLength: prompt.Ids.Length, cache);
        int[] imagePositions = [.. Enumerable.Range(0, prompt.Ids.Length).Where(i => prompt.Ids[i] == network.Config.ImageTokenId)];
        using Tensor input = network.Embed(prompt.Ids, images, imagePositions); // [T, h]
        using Tensor hidden = network.Decode(input, batch, sink); // [T, h]

        float[] row = Head(network, hidden, sink, promptLogits);
        var tokens = new List<int>();
        var steps = new List<float>();
        while (true)
        {
            int best = System.Numerics.Tensors.TensorPrimitives.IndexOfMax<float>(row);
            if (tokens.Count < StepLogits) steps.AddRange(row);
            tokens.Add(best);
            if (tokens.Count == newTokens) break;
            batch.Clear();
            batch.Add(1, prompt.Ids.Length, cache);
            using Tensor next = network.Embed([best]); // [1, h]
            using Tensor state = network.Decode(next, batch); // [1, h]
            using Tensor logits = network.Logits(state); // [1, V]
            b.Download(logits, row);
        }

        sink.Add("step_logits", [Math.Min(StepLogits, newTokens), row.Length], [.. steps]);
        return new Trace(sink.Tensors, prompt.Ids, tokens);
    }

    /// <summary>Records text.norm and, if asked for, all logits; returns the last position's logits.</summary>
    private static float[] Head(PaliGemmaModel network, Tensor hidden, Recorder sink, bool promptLogits)
    {
        IComputeBackend b = network.Backend;
        float[] last = new float[network.Config.Text.VocabSize];
        if (promptLogits)
        {
            using Tensor all = network.Logits(hidden, sink); // [T, V]
            sink.Record("logits", all);
            using Tensor lastRow = b.SelectRows(all, [all.Rows - 1]); // [1, V]
            b.Download(lastRow, last);
            return last;
        }

        using Tensor norm = network.Normalize(hidden); // [T, h]
        sink.Record("text.norm", norm);
        using Tensor state = b.SelectRows(hidden, [hidden.Rows - 1]); // [1, h]
        using Tensor logits = network.Logits(state); // [1, V]
        b.Download(logits, last);
        return last;
    }

    /// <summary>Copies what it hears to the host. Encoder stages get their picture axis back.</summary>
    private sealed class Recorder(IComputeBackend b, int pictures) : ITraceSink
    {
        public List<TracedTensor> Tensors { get; } = [];

        public void Add(string name, long[] shape, float[] values) => Tensors.Add(new TracedTensor(name, shape, values));

        public void Record(string name, Tensor value)
        {
            float[] values = new float[checked((int)value.Length)];
            b.Download(value, values);
            bool perPicture = name == "projector" || name.StartsWith("vision.", StringComparison.Ordinal);
            Add(name, perPicture ? [pictures, value.Rows / pictures, value.Columns] : [value.Rows, value.Columns], values);
        }
    }
}
