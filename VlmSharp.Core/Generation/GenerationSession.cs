using System.Diagnostics;
using System.Runtime.InteropServices;
using VlmSharp.Compute;
using VlmSharp.Models;
using VlmSharp.Tokenization;

namespace VlmSharp.Generation;

/// <summary>
/// Generates for a batch of prompts, one step at a time. Prompts of any length share the steps without padding;
/// a sequence that ends leaves the batch. Cancel by not taking the next step.
/// </summary>
/// <remarks>
/// A step is either the prefill of the next few prompts (pictures and all their text, bounded by <see cref="MaxStepRows"/>
/// rows so that memory stays flat) or, when all prompts have their first token, one decode step for every sequence that
/// goes on. The weights are read once per step whatever the number of sequences. A greedy decode step allocates nothing and
/// leaves the logits where the backend has them; processors, sampling, constraints and beams bring them to the host.
/// </remarks>
public sealed class GenerationSession : IDisposable
{
    /// <summary>Rows of a prefill step, at the most, unless one prompt alone is longer.</summary>
    internal const int MaxStepRows = 1024;

    private readonly PaliGemmaModel model;
    private readonly ImageFeatureCache features;
    private readonly Lock gate;
    private readonly Decoding[] sequences;
    private readonly TokenChooser? chooser; // null when the backend chooses: plain greedy
    private readonly SequenceBatch batch = new();
    private readonly int[] ids, lastRows, bestIds;
    private readonly float[] bestValues;
    private readonly List<GeneratedToken> produced = [];
    private readonly List<Decoding> active = [];
    private int nextToPrefill;
    private TimeSpan vision, prefill, decode;
    private int prefilledTokens, decodedTokens;

    internal GenerationSession(PaliGemmaModel model, ITokenizer? tokenizer, GenerationOptions options, IReadOnlyList<PreparedPrompt> prompts, ImageFeatureCache features, Lock gate)
    {
        options.Validate();
        this.model = model;
        this.features = features;
        this.gate = gate;
        var stop = new StopRule(options, model.Config.EosTokenIds, model.Config.Text.VocabSize, tokenizer);
        sequences = new Decoding[prompts.Count];
        for (int i = 0; i < sequences.Length; i++)
        {
            sequences[i] = options.Beams > 1
                ? new BeamSearch(i, prompts[i], model, options, stop)
                : new Sequence(i, prompts[i], model, options, stop);
        }

        if (!options.IsPlainGreedy || prompts.Any(p => p.Constraint is not null)) chooser = new TokenChooser(model, options, stop);
        int rows = checked(sequences.Length * options.Beams);
        (ids, lastRows, bestIds) = (new int[rows], new int[rows], new int[rows]);
        bestValues = new float[rows];
        produced.Capacity = sequences.Length;
    }

    /// <summary>Whether every sequence has ended.</summary>
    public bool IsFinished => nextToPrefill == sequences.Length && active.Count == 0;

    /// <summary>Hears what happens; null where nobody listens.</summary>
    internal SessionTelemetry? Telemetry { get; init; }

    /// <summary>Number of prompts.</summary>
    public int Count => sequences.Length;

    /// <summary>Where the time went so far.</summary>
    public GenerationTimings Timings => new(vision, prefill, decode, prefilledTokens, decodedTokens);

    /// <summary>
    /// Produces the next token of some or all sequences. A beam search produces nothing until it ends, and then all tokens of
    /// its best beam.
    /// </summary>
    /// <returns>The new tokens, in the order of their sequences; valid until the next step. Empty when all have ended.</returns>
    public ReadOnlySpan<GeneratedToken> Step()
    {
        if (IsFinished) return [];
        produced.Clear();
        lock (gate)
        {
            int prompts = nextToPrefill;
            try
            {
                ObjectDisposedException.ThrowIf(model.IsDisposed, typeof(VisionLanguageModel));
                if (nextToPrefill < sequences.Length) Prefill();
                else DecodeOne();
            }
            catch (Exception e)
            {
                Telemetry?.End(e);
                throw;
            }

            Telemetry?.Step(CollectionsMarshal.AsSpan(produced), (prompts, nextToPrefill));
            if (IsFinished) Telemetry?.End();
        }

        return CollectionsMarshal.AsSpan(produced);
    }

    /// <summary>What the sequences have produced so far.</summary>
    /// <returns>One result for each request, in their order; <see cref="GenerationResult.Finish"/> is <see cref="FinishReason.None"/> of one that goes on.</returns>
    public IReadOnlyList<GenerationResult> Results() => Array.ConvertAll(sequences, sequence => sequence.ToResult());

    private void Prefill()
    {
        int first = nextToPrefill, rows = 0, last = first;
        while (last < sequences.Length && (last == first || rows + sequences[last].Prompt.Ids.Length <= MaxStepRows))
            rows += sequences[last++].Prompt.Ids.Length;
        ReadOnlySpan<Decoding> group = sequences.AsSpan(first, last - first);

        long start = Stopwatch.GetTimestamp();
        using Matrix images = EncodeImages(group); // [pictures * N, h]
        vision += Stopwatch.GetElapsedTime(start);

        start = Stopwatch.GetTimestamp();
        using Activity? span = Telemetry?.Prefill(rows);
        using Matrix input = EmbedPrompts(group, rows, images); // [T, h]
        batch.Clear();
        for (int i = 0; i < group.Length; i++)
        {
            KvCache cache = model.CreateKvCache(group[i].Capacity);
            group[i].Own(cache);
            batch.Add(group[i].Prompt.Ids.Length, prefixLength: group[i].Prompt.Ids.Length, cache);
            lastRows[i] = batch.TotalRows - 1;
        }

        Advance(input, group);
        foreach (Decoding sequence in group)
            if (sequence.Finish == FinishReason.None) active.Add(sequence);
        nextToPrefill = last;
        prefill += Stopwatch.GetElapsedTime(start);
        prefilledTokens += rows;
    }

    private Matrix EncodeImages(ReadOnlySpan<Decoding> group)
    {
        var pictures = new List<(PictureKey, float[])>();
        foreach (Decoding sequence in group) pictures.AddRange(sequence.Prompt.Keys.Zip(sequence.Prompt.Pixels));
        if (pictures.Count == 0) return default;
        using Activity? span = Telemetry?.Vision(pictures.Count);
        return features.Encode(model, pictures);
    }

    private Matrix EmbedPrompts(ReadOnlySpan<Decoding> group, int rows, Matrix images)
    {
        int[] all = new int[rows];
        var imagePositions = new List<int>(images.HasValue ? images.Rows : 0);
        int at = 0;
        foreach (Decoding sequence in group)
            foreach (int id in sequence.Prompt.Ids)
            {
                if (id == model.Config.ImageTokenId) imagePositions.Add(at);
                all[at++] = id;
            }

        return model.Embed(all, images, imagePositions.ToArray());
    }

    private void DecodeOne()
    {
        Telemetry?.Decode();
        long start = Stopwatch.GetTimestamp();
        int count = active.Count, rows = 0;
        batch.Clear();
        for (int i = 0; i < count; i++)
        {
            int own = active[i].Rows;
            active[i].AddRows(ids.AsSpan(rows, own), batch);
            for (int end = rows + own; rows < end; rows++) lastRows[rows] = rows;
        }

        using (Matrix input = model.Embed(ids.AsSpan(0, rows))) // [B, h]
            Advance(input, CollectionsMarshal.AsSpan(active));
        RemoveFinished();
        decode += Stopwatch.GetElapsedTime(start);
        decodedTokens += count;
    }

    /// <summary>One pass through decoder and head, and the choice for each sequence.</summary>
    private void Advance(Matrix input, ReadOnlySpan<Decoding> group)
    {
        int rows = 0; // B: one for each sequence, or for each of its beams
        foreach (Decoding sequence in group) rows += sequence.Rows;
        using Matrix hidden = model.Decode(input, batch); // [T, h]
        using Matrix last = model.Backend.SelectRows(hidden, lastRows.AsSpan(0, rows)); // [B, h]
        if (chooser is null) TakeLargest(last, group);
        else chooser.Advance(last, group, produced);
    }

    /// <summary>The greedy choice, made by the backend.</summary>
    private void TakeLargest(Matrix hidden, ReadOnlySpan<Decoding> group)
    {
        using Matrix logits = model.Logits(hidden); // [B, V]
        using Matrix logProbabilities = model.Backend.LogSoftmax(logits); // [B, V]
        // Two distinct logits may round to one log-probability, so the token is chosen among the logits; the largest
        // log-probability is that token's own, for rounding keeps order.
        Span<int> best = bestIds.AsSpan(0, group.Length), same = lastRows.AsSpan(0, group.Length);
        Span<float> values = bestValues.AsSpan(0, group.Length);
        model.Backend.ArgMax(logits, best, values);
        model.Backend.ArgMax(logProbabilities, same, values);
        for (int i = 0; i < group.Length; i++) produced.Add(((Sequence)group[i]).Append(best[i], values[i]));
    }

    private void RemoveFinished()
    {
        int kept = 0;
        for (int i = 0; i < active.Count; i++)
            if (active[i].Finish == FinishReason.None) active[kept++] = active[i];
        active.RemoveRange(kept, active.Count - kept);
    }

    /// <summary>Frees the caches.</summary>
    public void Dispose()
    {
        lock (gate) // not under a step of another thread
        {
            Telemetry?.Cancel();
            foreach (Decoding sequence in sequences) sequence.Dispose();
            active.Clear();
            nextToPrefill = sequences.Length;
        }
    }
}
