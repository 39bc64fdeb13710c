using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Explain;

/// <summary>
/// Runs one request greedily and keeps what the explanation page shows. Attention weights are computed in addition to the model's own
/// attention, only for the one row of each step that chooses a token, so a run costs little more than generating does.
/// </summary>
public static class Explainer
{
    /// <summary>Explains a request about one picture.</summary>
    /// <param name="model">The model. Its sessions may go on meanwhile: the steps take turns.</param>
    /// <param name="request">One picture and a prompt. Its seed and its constraint are not used: the choice is greedy.</param>
    /// <param name="options">How much to keep, or null for the defaults.</param>
    /// <param name="cancellationToken">Checked between steps.</param>
    /// <returns>The explanation; its tokens are those that greedy generation gives.</returns>
    /// <exception cref="RequestException">The request does not fit the model, or does not have exactly one picture.</exception>
    public static Explanation Run(
        VisionLanguageModel model,
        GenerationRequest request,
        ExplanationOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        options ??= new ExplanationOptions();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.MaxNewTokens);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxNewTokens, ExplanationOptions.LargestMaxNewTokens);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Candidates);
        if (Refusal(request.Images.Count) is { } refusal) throw new RequestException(refusal);

        var sink = new ExplanationSink(model.Backend, model.Config.Vision);
        GenerationRequest traced = request with { Trace = sink, Constraint = null };
        using GenerationSession session = model.Start([traced], new GenerationOptions { MaxNewTokens = options.MaxNewTokens });
        IReadOnlyList<int> prompt = session.PromptIds(0);
        sink.Begin([.. prompt.Select(id => id == model.Config.ImageTokenId)]);
        var steps = new List<ExplainedStep>();
        while (!session.IsFinished)
        {
            cancellationToken.ThrowIfCancellationRequested();
            GeneratedToken token = session.Step()[0];
            (int Id, double Probability)[] best = Likeliest(sink.StepLogits, options.Candidates);
            (float[] weights, AttentionShare share, AttentionMap map, LayerAttention[] layers) = sink.TakeStep();
            steps.Add(new ExplainedStep(Token(prompt.Count + steps.Count, token.Id), best.Length > 0 ? best[0].Probability : double.NaN,
                [.. best.Select(c => new ExplainedCandidate(c.Id, Piece(c.Id), c.Probability))], weights, share, map, layers));
        }

        GenerationResult result = session.Result(0);
        return new Explanation
        {
            ModelName = ModelLabel.Of(model),
            Backend = $"{model.Backend.Name}: {model.Backend.Description}",
            Config = model.Config,
            Options = model.Network.Options,
            Preprocessor = model.Preprocessor.Config,
            Prompt = request.PromptIds is null ? request.Prompt : "",
            Original = request.Images[0],
            Seen = model.Preprocessor.Resize(request.Images[0]),
            Tokens = [.. prompt.Select((id, index) => Token(index, id))],
            Norms = sink.Norms,
            Steps = steps,
            Finish = result.Finish,
            Text = result.Text,
        };

        ExplainedToken Token(int index, int id) => new(index, id, Piece(id), id == model.Config.ImageTokenId);

        string Piece(int id) => model.Tokenizer is { } tokenizer && id < tokenizer.VocabularySize ? tokenizer.Piece(id) : "";
    }

    /// <summary>Why so many pictures cannot be explained. For callers that ask before they decode them.</summary>
    /// <param name="pictures">The number of pictures.</param>
    /// <returns>One sentence for the user; null if their number is no reason.</returns>
    public static string? Refusal(int pictures) =>
        pictures > 1 ? $"An explanation shows one picture, but the request has {pictures}: give one." : null;

    /// <summary>
    /// The likeliest tokens of a step and their probabilities, softmax in double precision; empty if no logit is a number.
    /// </summary>
    private static (int Id, double Probability)[] Likeliest(float[] logits, int count)
    {
        int[] best =
        [
            .. Enumerable.Range(0, logits.Length)
                .Where(id => logits[id] > float.NegativeInfinity)
                .OrderByDescending(id => logits[id])
                .Take(count),
        ];
        double sum = best.Length == 0 ? 1 : logits.Sum(logit => float.IsNaN(logit) ? 0 : Math.Exp((double)logit - logits[best[0]]));
        return Array.ConvertAll(best, id => (id, Math.Exp((double)logits[id] - logits[best[0]]) / sum));
    }
}
