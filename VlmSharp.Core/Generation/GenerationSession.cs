using System.Diagnostics;
using System.Runtime.InteropServices;
using VlmSharp.Compute;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>
/// Generates for a batch of prompts, one step at a time, greedily. Prompts of any length share the steps without padding;
/// a sequence that ends leaves the batch. Cancel by not taking the next step.
/// </summary>
/// <remarks>
/// A step is either the prefill of the next few prompts (pictures and all their text, bounded by <see cref="MaxStepRows"/>
/// rows so that memory stays flat) or, when all prompts have their first token, one decode step for every sequence that
/// goes on. The weights are read once per step whatever the number of sequences. A decode step allocates nothing.
/// </remarks>
public sealed class GenerationSession : IDisposable
{
    /// <summary>Rows of a prefill step, at the most, unless one prompt alone is longer.</summary>
    internal const int MaxStepRows = 1024;

    private readonly PaliGemmaModel model;
    private readonly GenerationOptions options;
    private readonly Lock gate;
    private readonly Sequence[] sequences;
    private readonly SequenceBatch batch = new();
    private readonly int[] ids, lastRows, bestIds;
    private readonly float[] bestValues;
    private readonly GeneratedToken[] produced;
    private readonly List<Sequence> active = [];
    private int nextToPrefill;
    private TimeSpan vision, prefill, decode;
    private int prefilledTokens, decodedTokens;

    internal GenerationSession(PaliGemmaModel model, GenerationOptions options, IReadOnlyList<PreparedPrompt> prompts, Lock gate)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.MaxNewTokens);
        this.model = model;
        this.options = options;
        this.gate = gate;
        sequences = new Sequence[prompts.Count];
        for (int i = 0; i < sequences.Length; i++) sequences[i] = new Sequence(i, prompts[i], model, options);
        (ids, lastRows, bestIds) = (new int[sequences.Length], new int[sequences.Length], new int[sequences.Length]);
        bestValues = new float[sequences.Length];
        produced = new GeneratedToken[sequences.Length];
    }

    /// <summary>Whether every sequence has ended.</summary>
    public bool IsFinished => nextToPrefill == sequences.Length && active.Count == 0;

    /// <summary>Number of prompts.</summary>
    public int Count => sequences.Length;

    /// <summary>Where the time went so far.</summary>
    public GenerationTimings Timings => new(vision, prefill, decode, prefilledTokens, decodedTokens);

    /// <summary>Produces the next token of some or all sequences.</summary>
    /// <returns>The new tokens, in the order of their sequences; valid until the next step. Empty when all have ended.</returns>
    public ReadOnlySpan<GeneratedToken> Step()
    {
        if (IsFinished) return [];
        lock (gate) return nextToPrefill < sequences.Length ? Prefill() : DecodeOne();
    }

    /// <summary>What a sequence has produced so far.</summary>
    /// <param name="sequence">Which, from 0.</param>
    /// <param name="decodeText">Turns ids into text, or null.</param>
    /// <returns>Its tokens; <see cref="GenerationResult.Finish"/> is <see cref="FinishReason.None"/> while it goes on.</returns>
    internal GenerationResult Result(int sequence, Func<int[], string>? decodeText) => sequences[sequence].ToResult(decodeText);

    private ReadOnlySpan<GeneratedToken> Prefill()
    {
        int first = nextToPrefill, rows = 0, last = first;
        while (last < sequences.Length && (last == first || rows + sequences[last].Prompt.Ids.Length <= MaxStepRows))
            rows += sequences[last++].Prompt.Ids.Length;
        ReadOnlySpan<Sequence> group = sequences.AsSpan(first, last - first);

        long start = Stopwatch.GetTimestamp();
        using Tensor images = EncodeImages(group); // [pictures * N, h]
        vision += Stopwatch.GetElapsedTime(start);

        start = Stopwatch.GetTimestamp();
        using Tensor input = EmbedPrompts(group, rows, images); // [T, h]
        batch.Clear();
        for (int i = 0; i < group.Length; i++)
        {
            group[i].Cache = model.CreateKvCache(group[i].Capacity);
            batch.Add(group[i].Prompt.Ids.Length, prefixLength: group[i].Prompt.Ids.Length, group[i].Cache!);
            lastRows[i] = batch.TotalRows - 1;
        }

        Advance(input, group);
        foreach (Sequence sequence in group)
            if (sequence.Finish == FinishReason.None) active.Add(sequence);
        nextToPrefill = last;
        prefill += Stopwatch.GetElapsedTime(start);
        prefilledTokens += rows;
        return produced.AsSpan(0, group.Length);
    }

    private Tensor EncodeImages(ReadOnlySpan<Sequence> group)
    {
        int count = 0, length = 0;
        foreach (Sequence sequence in group)
            foreach (float[] pixels in sequence.Prompt.Pixels) (count, length) = (count + 1, pixels.Length);
        if (count == 0) return default;

        float[] all = new float[checked(count * length)];
        int at = 0;
        foreach (Sequence sequence in group)
            foreach (float[] pixels in sequence.Prompt.Pixels)
            {
                pixels.CopyTo(all, at);
                at += length;
            }

        using Tensor planes = model.Backend.Upload(all, count, length); // [pictures, 3 * S * S]
        return model.EncodeImages(planes);
    }

    private Tensor EmbedPrompts(ReadOnlySpan<Sequence> group, int rows, Tensor images)
    {
        int[] all = new int[rows];
        var imagePositions = new List<int>(images.HasValue ? images.Rows : 0);
        int at = 0;
        foreach (Sequence sequence in group)
            foreach (int id in sequence.Prompt.Ids)
            {
                if (id == model.Config.ImageTokenId) imagePositions.Add(at);
                all[at++] = id;
            }

        return model.Embed(all, images, imagePositions.ToArray());
    }

    private ReadOnlySpan<GeneratedToken> DecodeOne()
    {
        long start = Stopwatch.GetTimestamp();
        int count = active.Count;
        batch.Clear();
        for (int i = 0; i < count; i++)
        {
            Sequence sequence = active[i];
            ids[i] = sequence.LastToken;
            lastRows[i] = i;
            batch.Add(1, sequence.Prompt.Ids.Length, sequence.Cache!);
        }

        using (Tensor input = model.Embed(ids.AsSpan(0, count))) // [B, h]
            Advance(input, CollectionsMarshal.AsSpan(active));
        RemoveFinished();
        decode += Stopwatch.GetElapsedTime(start);
        decodedTokens += count;
        return produced.AsSpan(0, count);
    }

    /// <summary>One pass through decoder and head, and the greedy choice for each sequence.</summary>
    private void Advance(Tensor input, ReadOnlySpan<Sequence> group)
    {
        IComputeBackend b = model.Backend;
        using Tensor hidden = model.Decode(input, batch); // [T, h]
        using Tensor last = b.SelectRows(hidden, lastRows.AsSpan(0, group.Length)); // [B, h]
        using Tensor logits = model.Logits(last); // [B, V]
        using Tensor logProbabilities = b.LogSoftmax(logits); // [B, V]
        // Two distinct logits may round to one log-probability, so the token is chosen among the logits; the largest
        // log-probability is that token's own, for rounding keeps order. Processors and sampling join here.
        Span<int> best = bestIds.AsSpan(0, group.Length), same = lastRows.AsSpan(0, group.Length);
        Span<float> values = bestValues.AsSpan(0, group.Length);
        b.ArgMax(logits, best, values);
        b.ArgMax(logProbabilities, same, values);
        for (int i = 0; i < group.Length; i++)
            produced[i] = group[i].Append(best[i], values[i], model.Config.EosTokenIds, options);
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
            foreach (Sequence sequence in sequences) sequence.Dispose();
            active.Clear();
            nextToPrefill = sequences.Length;
        }
    }
}
