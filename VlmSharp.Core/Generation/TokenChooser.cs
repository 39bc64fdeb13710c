using VlmSharp.Compute;
using VlmSharp.Generation.Processors;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>
/// Brings a step's scores to the host, a sequence at a time, and chooses among them: constraint, processors, then the largest
/// score or a draw. Used where the backend's own <see cref="IComputeBackend.ArgMax"/> is not enough.
/// </summary>
internal sealed class TokenChooser
{
    private readonly IComputeBackend b;
    private readonly LogitsPipeline pipeline;
    private readonly Sampler? sampler;
    private readonly TopSelector? top;
    private readonly float[] scores, logProbabilities; // [V], of the row that was read last
    private Tensor logitRows, logProbabilityRows;

    public TokenChooser(PaliGemmaModel model, GenerationOptions options, StopRule stop)
    {
        b = model.Backend;
        int vocabulary = model.Config.Text.VocabSize;
        pipeline = new LogitsPipeline(options, vocabulary, stop.Ids);
        sampler = options.IsSampling ? new Sampler(vocabulary) : null;
        top = options.LogProbabilities > 0 ? new TopSelector(Math.Min(options.LogProbabilities, vocabulary)) : null;
        (scores, logProbabilities) = (new float[vocabulary], new float[vocabulary]);
    }

    /// <summary>Log-probabilities under the model of the row that was read last, before any processor.</summary>
    public ReadOnlySpan<float> LogProbabilities => logProbabilities;

    /// <summary>Takes a step's scores; they must live until its sequences are done.</summary>
    /// <param name="logits">[B, V].</param>
    /// <param name="logs">[B, V], their log-softmax.</param>
    public void Begin(Tensor logits, Tensor logs) => (logitRows, logProbabilityRows) = (logits, logs);

    /// <summary>Chooses a sequence's next token.</summary>
    /// <param name="row">Its row of the step.</param>
    /// <param name="history">Prompt and new tokens.</param>
    /// <param name="prompt">The prompt, with its constraint.</param>
    /// <param name="seed">The request's stream of random numbers.</param>
    /// <returns>The token, with its log-probability under the model.</returns>
    public TokenCandidate Choose(int row, ReadOnlySpan<int> history, PreparedPrompt prompt, long seed)
    {
        Read(logProbabilityRows, row, logProbabilities);
        Process(logitRows, row, history, prompt);
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
        Read(logProbabilityRows, row, logProbabilities);
        Process(logProbabilityRows, row, history, prompt);
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

    private void Process(Tensor source, int row, ReadOnlySpan<int> history, PreparedPrompt prompt)
    {
        ReadOnlySpan<int> allowed = prompt.Constraint is { } constraint ? constraint.AllowedAfter(history[prompt.Ids.Length..]) : [];
        Read(source, row, scores);
        AllowedTokens.Apply(scores, allowed);
        if (pipeline.IsEmpty) return;
        pipeline.Apply(scores, history, prompt.Ids.Length);
        if (scores[Largest(scores)] > float.NegativeInfinity) return;
        // The processors forbid all that the constraint allows: the constraint is what must hold.
        Read(source, row, scores);
        AllowedTokens.Apply(scores, allowed);
    }

    private void Read(Tensor rows, int row, Span<float> destination)
    {
        using Tensor one = b.SelectRows(rows, [row]); // [1, V]
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
