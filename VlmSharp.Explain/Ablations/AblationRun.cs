using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Generation;
using VlmSharp.Models;

namespace VlmSharp.Explain.Ablations;

/// <summary>A request, the whole model's answer to it and its scores. Every switch is compared with them.</summary>
internal sealed class AblationRun
{
    private readonly VisionLanguageModel model;
    private readonly GenerationRequest request;
    private readonly AblationOptions options;
    private readonly CancellationToken cancellation;
    private readonly int[] answer;
    private readonly LogitRows whole;

    /// <summary>Runs the whole model.</summary>
    public AblationRun(VisionLanguageModel model, GenerationRequest request, AblationOptions options, CancellationToken cancellation)
    {
        (this.model, this.request, this.options, this.cancellation) = (model, request, options, cancellation);
        GenerationResult result = Generate(model.Context, request);
        answer = [.. result.TokenIds];
        PreparedPrompt prompt = model.Prepare(request);
        whole = Score(model.Context, prompt, answer);
        PromptTokens = prompt.Ids.Length;
        Answer = [.. answer.Select((id, i) => Token(prompt.Ids.Length + i, id))];
        Whole = Describe(result, whole);
    }

    /// <summary>Number of tokens in the prompt, the picture's included.</summary>
    public int PromptTokens { get; }

    /// <summary>The whole model's answer.</summary>
    public IReadOnlyList<ExplainedToken> Answer { get; }

    /// <summary>The same answer, with the model's probabilities for it.</summary>
    public AblatedAnswer Whole { get; }

    /// <summary>Runs the model with a switch.</summary>
    public AblationResult With(AblationSwitch change)
    {
        cancellation.ThrowIfCancellationRequested();
        using IComputeBackend? changed = change.Wrap?.Invoke(model.Network.Backend);
        ModelContext context = changed is null ? model.Context : model.Context.On(changed);
        GenerationRequest asked = changed is null ? request with { Images = [options.OtherImage!] } : request;
        LogitRows scores = Score(context, model.Prepare(asked), answer);
        // If each token of the answer is still the likeliest one after those before it, greedy generation gives the same answer.
        bool isSame = Enumerable.Range(0, answer.Length).All(t => scores.Likeliest(t) == answer[t]);
        AblatedAnswer rated = Whole with { LogProbabilities = LogProbabilities(scores), Divergences = Divergences(scores) };
        if (isSame) return new AblationResult(change, rated, true);
        GenerationResult result = Generate(context, asked);
        return new AblationResult(change, Describe(result, scores), result.TokenIds.SequenceEqual(answer));
    }

    /// <summary>
    /// The scores that predict each token of an answer, all computed in one step. The prompt is the bidirectional prefix and the answer
    /// after it is causal, so they equal the scores of generating it token by token.
    /// </summary>
    /// <param name="context">The model, or a variant of it.</param>
    /// <param name="prompt">T tokens and a picture.</param>
    /// <param name="answer">n tokens.</param>
    /// <returns>[n, V].</returns>
    internal static LogitRows Score(ModelContext context, PreparedPrompt prompt, ReadOnlySpan<int> answer)
    {
        PaliGemmaModel network = context.Network;
        IComputeBackend b = network.Backend;
        int[] ids = [.. prompt.Ids, .. answer[..^1]];
        int[] places = [.. Enumerable.Range(0, prompt.Ids.Length).Where(i => ids[i] == network.Config.ImageTokenId)];
        lock (context.Gate)
        {
            context.ThrowIfDisposed();
            using KvCache cache = network.CreateKvCache(ids.Length);
            var batch = new SequenceBatch();
            batch.Add(ids.Length, prefixLength: prompt.Ids.Length, cache, prompt.Adapter);
            using Matrix image = context.Features.Encode(network, [.. prompt.Keys.Zip(prompt.Pixels)]); // [N, h]
            StepTable step = b.Prepare(batch);
            using Indices tokens = b.Upload(ids), targets = b.Upload(places);
            using Indices rows = b.Upload([.. Enumerable.Range(prompt.Ids.Length - 1, answer.Length)]);
            using Matrix input = network.Embed(tokens, image, targets); // [T + n - 1, h]
            using Matrix hidden = network.Decode(input, step); // [T + n - 1, h]
            using Matrix before = b.SelectRows(hidden, rows); // [n, h]
            using Matrix logits = network.Logits(before); // [n, V]
            float[] values = new float[checked((int)logits.Length)];
            b.Download(logits, values);
            return new LogitRows(values, logits.Columns);
        }
    }

    private GenerationResult Generate(ModelContext context, GenerationRequest asked)
    {
        using var session = new GenerationSession(context, model.Prepare, new GenerationOptions { MaxNewTokens = options.MaxNewTokens });
        session.Add(asked);
        while (!session.IsFinished)
        {
            cancellation.ThrowIfCancellationRequested();
            session.Step();
        }

        return session.Result(0);
    }

    private AblatedAnswer Describe(GenerationResult result, LogitRows scores) =>
        new(result.TokenIds, result.Text, result.Finish, LogProbabilities(scores), Divergences(scores));

    private double[] LogProbabilities(LogitRows scores) => [.. answer.Select((id, t) => scores.LogProbability(t, id))];

    private double[] Divergences(LogitRows scores) => [.. answer.Select((_, t) => whole.Divergence(scores, t))];

    private ExplainedToken Token(int index, int id)
    {
        string piece = model.Tokenizer is { } tokenizer && id < tokenizer.VocabularySize ? tokenizer.Piece(id) : "";
        return new ExplainedToken(index, id, piece, id == model.Config.ImageTokenId);
    }
}
