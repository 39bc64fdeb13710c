using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Generation;
using VlmSharp.Models;

namespace VlmSharp.Conformance;

/// <summary>One pass through the model, composed of its parts.</summary>
internal static class ForwardPass
{
    /// <summary>The logits of some rows of a step that holds pictures.</summary>
    /// <param name="model">The model to run.</param>
    /// <param name="prompt">The prompt whose pictures are in the step.</param>
    /// <param name="ids">The tokens of the step.</param>
    /// <param name="batch">The rows of each sequence, with or without caches.</param>
    /// <param name="rows">The rows to score.</param>
    /// <returns>[rows, V].</returns>
    internal static float[] Logits(VisionLanguageModel model, PreparedPrompt prompt, int[] ids, SequenceBatch batch, int[] rows)
    {
        PaliGemmaModel network = model.Network;
        IComputeBackend b = network.Backend;
        float[] pixels = [.. prompt.Pixels.SelectMany(p => p)];
        using Matrix planes = b.Upload(pixels, prompt.Pixels.Count, pixels.Length / prompt.Pixels.Count);
        using Matrix images = network.EncodeImages(planes);
        int[] places = [.. Enumerable.Range(0, ids.Length).Where(i => ids[i] == network.Config.ImageTokenId)];
        using Indices tokens = b.Upload(ids), targets = b.Upload(places);
        using Matrix input = network.Embed(tokens, images, targets);
        using Matrix hidden = network.Decode(input, b.Prepare(batch));
        batch.Advance();
        using Matrix selected = b.SelectRows(hidden, rows);
        using Matrix logits = network.Logits(selected);
        float[] values = new float[logits.Length];
        b.Download(logits, values);
        return values;
    }

    /// <summary>The logits after a prompt and new tokens, in one pass without a cache.</summary>
    internal static float[] Next(VisionLanguageModel model, PreparedPrompt prompt, IEnumerable<int> newTokens)
    {
        int[] ids = [.. prompt.Ids, .. newTokens];
        var batch = new SequenceBatch();
        batch.Add(ids.Length, prefixLength: prompt.Ids.Length);
        return Logits(model, prompt, ids, batch, [ids.Length - 1]);
    }
}
