using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Models;

namespace VlmSharp.Bench.Targets;

/// <summary>
/// The steps of a model without a picture: decode steps over caches with arbitrary contents, and prefill. The operators are those of a
/// session's steps.
/// </summary>
internal sealed class DecodeLoop : IDisposable
{
    private readonly PaliGemmaModel model;
    private readonly SequenceBatch batch = new();
    private readonly KvCache[] caches;
    private readonly int[] ids;
    private readonly float[] words;
    private readonly int context;

    /// <param name="model">Owned by the caller; the loop makes caches on its backend.</param>
    /// <param name="sequences">Sequences that are decoded together.</param>
    /// <param name="context">Tokens that each sequence has in its cache.</param>
    /// <param name="room">The most decode steps between two calls of <see cref="Rewind"/>.</param>
    public DecodeLoop(PaliGemmaModel model, int sequences, int context, int room = 16)
    {
        (this.model, this.context) = (model, context);
        caches = [.. Enumerable.Range(0, sequences).Select(_ => model.CreateKvCache(context + room))];
        ids = [.. Enumerable.Range(0, sequences).Select(i => 1000 + 77 * i)];
        words = new float[2 * sequences];
        TextConfig text = model.Config.Text;
        int width = text.KvHeads * text.HeadDim;
        using Matrix numbers =
            model.Backend.Upload([.. Enumerable.Range(0, context * width).Select(i => (i % 29 - 14) / 16f)], context, width);
        foreach (KvCache cache in caches)
        {
            batch.Clear();
            batch.Add(context, context, cache);
            for (int layer = 0; layer < text.Layers; layer++) model.Backend.AppendKeyValues(numbers, numbers, batch.Table, layer);
            batch.Advance();
        }
    }

    /// <summary>The flops of a step, for all sequences together.</summary>
    public double StepFlops => caches.Length * new ModelCost(model.Config).DecodeFlops(context + 1);

    /// <summary>Removes the decoded tokens from the caches.</summary>
    public void Rewind()
    {
        foreach (KvCache cache in caches) cache.Truncate(context);
    }

    /// <summary>Decodes the likeliest token of each sequence.</summary>
    public void Step()
    {
        batch.Clear();
        foreach (KvCache cache in caches) batch.Add(1, 0, cache);
        using Indices tokens = model.Backend.Upload(ids);
        using Matrix x = model.Embed(tokens); // [B, h]
        Score(model, x, batch, words);
        for (int i = 0; i < ids.Length; i++) ids[i] = new ChosenToken(words.AsSpan(2 * i, 2)).Id;
    }

    /// <summary>Runs a whole prompt, up to its first token.</summary>
    public static void Prefill(PaliGemmaModel model, int tokens)
    {
        using KvCache cache = model.CreateKvCache(tokens);
        var batch = new SequenceBatch();
        batch.Add(tokens, tokens, cache);
        using Indices ids = model.Backend.Upload([.. Enumerable.Range(0, tokens).Select(i => 1000 + 7 * i)]);
        using Matrix x = model.Embed(ids); // [T, h]
        Score(model, x, batch, new float[2]);
    }

    private static void Score(PaliGemmaModel model, Matrix x, SequenceBatch batch, float[] words)
    {
        IComputeBackend b = model.Backend;
        StepTable step = b.Prepare(batch);
        using Matrix hidden = model.Decode(x, step); // [T, h]
        batch.Advance();
        using Indices rows = b.Upload([.. batch.Slices.ToArray().Select(slice => slice.RowStart + slice.RowCount - 1)]);
        using Matrix last = b.SelectRows(hidden, rows); // [B, h]
        using Matrix logits = model.Logits(last); // [B, V]
        using Matrix chosen = b.Choose(logits, step, new ChoiceRules(new TokenRule[logits.Rows])); // [B, 2]
        b.Download(chosen, words);
    }

    public void Dispose()
    {
        foreach (KvCache cache in caches) cache.Dispose();
    }
}
