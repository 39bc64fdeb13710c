using VlmSharp.Compute;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Models;

namespace VlmSharp.Bench.Targets;

/// <summary>
/// The steps of a model without a picture before them: decode steps over caches that some numbers fill, and prefill. The
/// operators are those of a session's steps.
/// </summary>
internal sealed class DecodeLoop : IDisposable
{
    private readonly PaliGemmaModel model;
    private readonly SequenceBatch batch = new();
    private readonly KvCache[] caches;
    private readonly int[] ids, rows, best;
    private readonly float[] values;
    private readonly int context;

    /// <param name="model">The model.</param>
    /// <param name="sequences">Sequences that are decoded together.</param>
    /// <param name="context">Tokens that each has in its cache.</param>
    /// <param name="room">Decode steps between two calls of <see cref="Rewind"/>, at the most.</param>
    public DecodeLoop(PaliGemmaModel model, int sequences, int context, int room = 16)
    {
        (this.model, this.context) = (model, context);
        caches = [.. Enumerable.Range(0, sequences).Select(_ => model.CreateKvCache(context + room))];
        ids = [.. Enumerable.Range(0, sequences).Select(i => 1000 + 77 * i)];
        rows = [.. Enumerable.Range(0, sequences)];
        best = new int[sequences];
        values = new float[sequences];
        TextConfig text = model.Config.Text;
        int width = text.KvHeads * text.HeadDim;
        using Matrix numbers = model.Backend.Upload([.. Enumerable.Range(0, context * width).Select(i => (i % 29 - 14) / 16f)], context, width);
        foreach (KvCache cache in caches)
        {
            batch.Clear();
            batch.Add(context, context, cache);
            for (int layer = 0; layer < text.Layers; layer++) model.Backend.AppendKeyValues(numbers, numbers, batch, layer);
            batch.Advance();
        }
    }

    /// <summary>Flops of a step, all sequences together.</summary>
    public double StepFlops => caches.Length * new ModelCost(model.Config).DecodeFlops(context + 1);

    /// <summary>Forgets the tokens decoded.</summary>
    public void Rewind()
    {
        foreach (KvCache cache in caches) cache.Truncate(context);
    }

    /// <summary>One token of each sequence, the likeliest.</summary>
    public void Step()
    {
        batch.Clear();
        foreach (KvCache cache in caches) batch.Add(1, 0, cache);
        using Matrix x = model.Embed(ids); // [B, h]
        Score(model, x, batch, rows, best, values);
        best.CopyTo(ids, 0);
    }

    /// <summary>A whole prompt, up to its first token.</summary>
    public static void Prefill(PaliGemmaModel model, int tokens)
    {
        using KvCache cache = model.CreateKvCache(tokens);
        var batch = new SequenceBatch();
        batch.Add(tokens, tokens, cache);
        using Matrix x = model.Embed([.. Enumerable.Range(0, tokens).Select(i => 1000 + 7 * i)]); // [T, h]
        Score(model, x, batch, [tokens - 1], new int[1], new float[1]);
    }

    private static void Score(PaliGemmaModel model, Matrix x, SequenceBatch batch, int[] rows, int[] best, float[] values)
    {
        using Matrix hidden = model.Decode(x, batch); // [T, h]
        using Matrix last = model.Backend.SelectRows(hidden, rows); // [B, h]
        using Matrix logits = model.Logits(last); // [B, V]
        using Matrix probabilities = model.Backend.LogSoftmax(logits); // [B, V]
        model.Backend.ArgMax(logits, best, values);
    }

    public void Dispose()
    {
        foreach (KvCache cache in caches) cache.Dispose();
    }
}
