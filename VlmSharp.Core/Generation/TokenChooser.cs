using VlmSharp.Compute;
using VlmSharp.Generation.Processors;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>
/// Scores a step's tokens, brings the scores to the host, a sequence at a time, and chooses among them: constraint,
/// processors, then the largest score or a draw. Used where the backend's own <see cref="IComputeBackend.ArgMax"/> is not enough.
/// </summary>
internal sealed class TokenChooser
{
    private readonly PaliGemmaModel model;
    private readonly IComputeBackend b;
    private readonly HeadRows needed;
    private readonly LogitsPipeline pipeline;
    private readonly Sampler? sampler;
    private readonly TopSelector? top;
    private readonly float[] scores, logProbabilities, part; // [V], of the row that was read last
    private Matrix logits, logs; // of the step: [B, scored], [B, V]
    private int[]? scored; // the tokens that the step's columns are; null for all

    public TokenChooser(PaliGemmaModel model, GenerationOptions options, StopRule stop)
    {
        this.model = model;
        b = model.Backend;
        int vocabulary = model.Config.Text.VocabSize;
        needed = new HeadRows(vocabulary);
        pipeline = new LogitsPipeline(options, vocabulary, stop.Ids);
        sampler = options.IsSampling ? new Sampler(vocabulary) : null;
        top = options.LogProbabilities > 0 ? new TopSelector(Math.Min(options.LogProbabilities, vocabulary)) : null;
        (scores, logProbabilities, part) = (new float[vocabulary], new float[vocabulary], new float[vocabulary]);
    }

    /// <summary>Log-probabilities of the row that was read last: under the model, among what its constraint allows, before any processor.</summary>
    public ReadOnlySpan<float> LogProbabilities => logProbabilities;

    /// <summary>Scores a step and has each sequence go on by its scores.</summary>
    /// <param name="hidden">[B, h], for each sequence or beam its last row.</param>
    /// <param name="group">The sequences.</param>
    /// <param name="produced">Receives the new tokens.</param>
    public void Advance(Matrix hidden, ReadOnlySpan<Decoding> group, List<GeneratedToken> produced)
    {
        needed.Clear();
        foreach (Decoding sequence in group) sequence.AddHeadRows(needed);
        scored = needed.Collect();
        using Matrix logits = scored is null ? model.Logits(hidden) : model.Logits(hidden, scored); // [B, V] or [B, scored]
        using Matrix logs = scored is null ? b.LogSoftmax(logits) : default; // [B, V]
        (this.logits, this.logs) = (logits, logs);
        int row = 0;
        foreach (Decoding sequence in group)
        {
            int own = sequence.Rows; // before it moves on
            sequence.Advance(this, row, produced);
            row += own;
        }
    }

    /// <summary>Chooses a sequence's next token.</summary>
    /// <param name="row">Its row of the step.</param>
    /// <param name="history">Prompt and new tokens.</param>
    /// <param name="prompt">The prompt, with its constraint.</param>
    /// <param name="seed">The request's stream of random numbers.</param>
    /// <returns>The token, with its <see cref="LogProbabilities"/>.</returns>
    public TokenCandidate Choose(int row, ReadOnlySpan<int> history, PreparedPrompt prompt, long seed)
    {
        Read(row, history, prompt);
        Process(history, prompt);
        int id = sampler?.Draw(scores, CounterRandom.Uniform(seed, history.Length - prompt.Ids.Length)) ?? -1;
        if (id < 0) id = Largest(scores);
        return new TokenCandidate(id, logProbabilities[id]);
    }

    /// <summary>A beam's processed log-probabilities.</summary>
    /// <param name="row">Its row of the step.</param>
    /// <param name="history">Prompt and new tokens.</param>
    /// <param name="prompt">The prompt, with its constraint.</param>
    /// <returns>[V], valid until the next row is read.</returns>
    public ReadOnlySpan<float> BeamScores(int row, ReadOnlySpan<int> history, PreparedPrompt prompt)
    {
        Read(row, history, prompt);
        logProbabilities.CopyTo(scores);
        Process(history, prompt);
        return scores;
    }

    /// <summary>The likeliest candidates of the row that was read last; null unless the options ask for them.</summary>
    public TokenCandidate[]? Top()
    {
        if (top is null) return null;
        top.Select(logProbabilities);
        top.Order();
        var found = new TokenCandidate[top.Count];
        for (int i = 0; i < found.Length; i++) found[i] = new TokenCandidate(top.Ids[i], top.Values[i]);
        return found;
    }

    /// <summary>Brings a row's masked logits and log-probabilities to the host.</summary>
    private void Read(int row, ReadOnlySpan<int> history, PreparedPrompt prompt)
    {
        if (scored is null)
        {
            Download(logits, row, scores);
        }
        else
        {
            Download(logits, row, part.AsSpan(0, scored.Length));
            for (int i = 0; i < scored.Length; i++) scores[scored[i]] = part[i]; // what stands elsewhere is masked now
        }

        ReadOnlySpan<int> allowed = AllowedTokens.After(prompt, history, scores.Length);
        if (allowed.IsEmpty)
        {
            Download(logs, row, logProbabilities);
            return;
        }

        AllowedTokens.Mask(scores, allowed);
        AllowedTokens.LogSoftmax(scores, allowed, logProbabilities);
    }

    private void Process(ReadOnlySpan<int> history, PreparedPrompt prompt)
    {
        if (pipeline.IsEmpty) return;
        pipeline.Apply(scores, history, prompt.Ids.Length);
        // Where the processors forbid all that the constraint allows, the constraint is what must hold.
        if (!(scores[Largest(scores)] > float.NegativeInfinity)) logProbabilities.CopyTo(scores);
    }

    private void Download(Matrix rows, int row, Span<float> destination)
    {
        using Matrix one = b.SelectRows(rows, [row]); // [1, V] or [1, scored]
        b.Download(one, destination);
    }

    /// <summary>The first of the largest, as <see cref="IComputeBackend.ArgMax"/>; a NaN is never the largest.</summary>
    private static int Largest(ReadOnlySpan<float> values)
    {
        int best = 0;
        float value = float.NegativeInfinity;
        for (int i = 0; i < values.Length; i++)
            if (values[i] > value) (best, value) = (i, values[i]);
        return best;
    }
}
