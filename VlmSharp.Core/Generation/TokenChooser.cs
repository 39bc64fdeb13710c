using System.Numerics.Tensors;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Sampling;
using VlmSharp.Generation.Processors;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>
/// Copies a step's scores to the host, one row at a time, and chooses among them: constraint, history rules, then the largest score or a
/// draw. It serves the sequences that need more than <see cref="Compute.Operators.Choose"/> does on the backend.
/// </summary>
/// <param name="model">Gives the vocabulary's size, and the backend that holds the scores.</param>
internal sealed class TokenChooser(PaliGemmaModel model)
{
    private readonly IComputeBackend b = model.Backend;
    private readonly HistoryRules rules = new(model.Config.Text.VocabSize);
    private readonly TokenSampler sampler = new(model.Config.Text.VocabSize);
    private readonly float[] scores = new float[model.Config.Text.VocabSize]; // [V], the row that was read last
    private readonly float[] logProbabilities = new float[model.Config.Text.VocabSize]; // [V], of the same row
    private readonly float[] part = new float[model.Config.Text.VocabSize];
    private Matrix logits, logs; // of the step: [B, scored], [B, V]
    private int[]? scored; // the tokens of the step's columns; null for all

    /// <summary>
    /// Log-probabilities of the row that was read last: under the model, over the tokens that its constraint allows, before any rule.
    /// </summary>
    public ReadOnlySpan<float> LogProbabilities => logProbabilities;

    /// <summary>Takes a step's scores, which live until the next step.</summary>
    /// <param name="logits">[B, V], or [B, scored].</param>
    /// <param name="logs">[B, V]: their log-softmax; <c>default</c> if only some tokens are scored.</param>
    /// <param name="scored">The tokens of the columns, or null for all.</param>
    public void Begin(Matrix logits, Matrix logs, int[]? scored) => (this.logits, this.logs, this.scored) = (logits, logs, scored);

    /// <summary>Chooses a sequence's next token.</summary>
    /// <param name="row">Its row in the step.</param>
    /// <param name="history">Prompt and new tokens.</param>
    /// <param name="sequence">The sequence, with its rule.</param>
    /// <returns>The token, with its entry in <see cref="LogProbabilities"/>.</returns>
    public TokenCandidate Choose(int row, ReadOnlySpan<int> history, Sequence sequence)
    {
        Read(row, history, sequence.Prompt);
        Process(history, sequence);
        int id = sequence.Rule.IsSampling
            ? sampler.Draw(scores, sequence.Rule, history.Length - sequence.Prompt.Ids.Length)
            : TokenSampler.Largest(scores);
        return new TokenCandidate(id, logProbabilities[id]);
    }

    /// <summary>A beam's processed log-probabilities.</summary>
    /// <param name="row">Its row in the step.</param>
    /// <param name="history">Prompt and new tokens.</param>
    /// <param name="search">The search that it belongs to.</param>
    /// <returns>[V], valid until the next row is read.</returns>
    public ReadOnlySpan<float> BeamScores(int row, ReadOnlySpan<int> history, Decoding search)
    {
        Read(row, history, search.Prompt);
        logProbabilities.CopyTo(scores);
        Process(history, search);
        return scores;
    }

    /// <summary>The most likely candidates of the row that was read last.</summary>
    /// <param name="count">The most candidates.</param>
    public TokenCandidate[] Top(int count)
    {
        TopSelector top = sampler.Likeliest(logProbabilities, count);
        var found = new TokenCandidate[top.Count];
        for (int i = 0; i < found.Length; i++) found[i] = new TokenCandidate(top.Ids[i], top.Values[i]);
        return found;
    }

    /// <summary>The notes that a request asks for.</summary>
    /// <param name="prompt">The request's prompt.</param>
    /// <param name="row">The row that was read last.</param>
    /// <param name="history">Prompt and new tokens before the step.</param>
    /// <param name="id">The token that was chosen.</param>
    public StepNote Note(PreparedPrompt prompt, int row, ReadOnlySpan<int> history, int id)
    {
        IStepNotes wanted = prompt.Notes!;
        float[]? alternatives = wanted.IsAlternative(id) ? new float[wanted.Alternatives.Length] : null;
        for (int i = 0; i < alternatives?.Length; i++) alternatives[i] = logProbabilities[wanted.Alternatives[i]];
        return new StepNote(alternatives, wanted.WantsAllowed(history[prompt.Ids.Length..]) ? Allowed(row, id) : null);
    }

    /// <summary>log p(allowed) = log p(id) - log p(id | allowed), which holds for any allowed token.</summary>
    private float Allowed(int row, int id)
    {
        if (scored is not null) throw new InvalidOperationException("The step was to score every token.");
        Download(logs, row, part);
        return part[id] - logProbabilities[id];
    }

    /// <summary>Copies a row's masked logits and log-probabilities to the host.</summary>
    /// <exception cref="ModelFormatException">They are not finite.</exception>
    private void Read(int row, ReadOnlySpan<int> history, PreparedPrompt prompt)
    {
        if (scored is null)
        {
            Download(logits, row, scores);
        }
        else
        {
            Download(logits, row, part.AsSpan(0, scored.Length));
            for (int i = 0; i < scored.Length; i++) scores[scored[i]] = part[i]; // all other entries are masked below
        }

        ReadOnlySpan<int> allowed = prompt.AllowedAfter(history, scores.Length);
        if (allowed.IsEmpty)
        {
            Download(logs, row, logProbabilities);
            // A single score that is not finite makes every log-probability NaN, or -infinity on some devices.
            if (!float.IsFinite(logProbabilities[0])) throw NonFiniteScores.Error(model, prompt, history);
            return;
        }

        // A NaN elsewhere would make the probability of the allowed tokens NaN.
        if (scored is null && TensorPrimitives.IsNaNAny<float>(scores)) throw NonFiniteScores.Error(model, prompt, history);
        foreach (int id in allowed)
            if (!(scores[id] < float.PositiveInfinity)) throw NonFiniteScores.Error(model, prompt, history);
        AllowedTokens.Mask(scores, allowed);
        AllowedTokens.LogSoftmax(scores, allowed, logProbabilities);
    }

    private void Process(ReadOnlySpan<int> history, Decoding decoding)
    {
        if (decoding.Options.HistoryLimits.IsNone) return;
        rules.Apply(scores, history, decoding.Prompt.Ids.Length, decoding.Options.HistoryLimits, decoding.Stop.Ids);
        // If the rules forbid everything that the constraint allows, the constraint takes precedence.
        if (!(scores[TokenSampler.Largest(scores)] > float.NegativeInfinity)) logProbabilities.CopyTo(scores);
    }

    private void Download(Matrix rows, int row, Span<float> destination)
    {
        using Indices one = b.Upload([row]);
        using Matrix selected = b.SelectRows(rows, one); // [1, V] or [1, scored]
        b.Download(selected, destination);
    }
}
