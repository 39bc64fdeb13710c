using VlmSharp.Compute;
using VlmSharp.Generation;
using VlmSharp.Generation.Processors;
using VlmSharp.Imaging;
using VlmSharp.Models;
using VlmSharp.Preprocessing;

namespace VlmSharp.Explain;

/// <summary>
/// Runs one request greedily and keeps what a reader wants to see of it. Attention weights are computed beside the model's own
/// attention, for the one row of each step that chooses a token: a run costs little more than generating does.
/// </summary>
public static class Explainer
{
    /// <summary>Explains a request on one picture.</summary>
    /// <param name="model">The model. Its sessions may go on meanwhile: the steps take turns.</param>
    /// <param name="request">One picture and a prompt. Its seed and its constraint play no part: the choice is greedy.</param>
    /// <param name="options">How much to keep, or null for the defaults.</param>
    /// <param name="cancellationToken">Looked at between steps.</param>
    /// <returns>What was seen; the tokens are those that greedy generation gives.</returns>
    /// <exception cref="RequestException">The request does not fit the model, or has another number of pictures than one.</exception>
    public static Explanation Run(VisionLanguageModel model, GenerationRequest request, ExplanationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        options ??= new ExplanationOptions();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.MaxNewTokens);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxNewTokens, ExplanationOptions.LargestMaxNewTokens);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Candidates);
        if (request.Images.Count > 1) throw new RequestException($"An explanation shows one picture, but the request has {request.Images.Count}: give one.");

        PaliGemmaModel network = model.Model;
        PreparedPrompt prompt = model.Prepare(request);
        int limit = prompt.LimitNewTokens(options.MaxNewTokens, network.Config.Text);
        var sink = new ExplanationSink(network.Backend, [.. prompt.Ids.Select(id => id == network.Config.ImageTokenId)], network.Config.Vision);
        var scores = new Scores(network.Backend, network.Config.Text.VocabSize, options.Candidates);
        var steps = new List<ExplainedStep>();
        FinishReason finish = FinishReason.Length;
        new TracedGeneration(model, prompt).Run(limit, sink, sink, promptLogits: false, (logits, id) =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            (int Id, double Probability)[] best = scores.Best(logits);
            (float[] weights, AttentionShare share, AttentionMap map, LayerAttention[] layers) = sink.TakeStep();
            steps.Add(new ExplainedStep(Token(prompt.Ids.Length + steps.Count, id), best.Length > 0 ? best[0].Probability : double.NaN,
                [.. best.Select(c => new ExplainedCandidate(c.Id, Piece(c.Id), c.Probability))], weights, share, map, layers));
            if (!network.Config.EosTokenIds.Contains(id)) return true;
            finish = FinishReason.Stop;
            return false;
        });

        return new Explanation
        {
            ModelName = NameOf(model.Checkpoint.Directory),
            Backend = $"{network.Backend.Name}: {network.Backend.Description}",
            Config = network.Config,
            Options = network.Options,
            Preprocessor = model.Preprocessor,
            Prompt = request.PromptIds is null ? request.Prompt : "",
            Original = request.Images[0],
            Seen = new ImagePreprocessor(model.Preprocessor).Resize(request.Images[0]),
            Tokens = [.. prompt.Ids.Select((id, index) => Token(index, id))],
            Norms = sink.Norms,
            Steps = steps,
            Finish = finish,
            Text = model.Tokenizer?.Decode([.. steps.Select(s => s.Token.Id)], skipSpecial: true),
        };

        ExplainedToken Token(int index, int id) => new(index, id, Piece(id), id == network.Config.ImageTokenId);

        string Piece(int id) => model.Tokenizer is { } tokenizer && id < tokenizer.VocabularySize ? tokenizer.Piece(id) : "";
    }

    /// <summary>The folder and the one it is in: models are told apart by both.</summary>
    private static string NameOf(string directory)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        return string.Join('/', new[] { Path.GetFileName(Path.GetDirectoryName(full)), Path.GetFileName(full) }.Where(n => !string.IsNullOrEmpty(n)));
    }

    /// <summary>The likeliest tokens of a step and their probabilities, softmax in double precision.</summary>
    private sealed class Scores(IComputeBackend b, int vocabulary, int count)
    {
        private readonly float[] logits = new float[vocabulary];
        private readonly TopSelector top = new(Math.Min(count, vocabulary));

        /// <summary>In order, the largest first; fewer where logits are not numbers.</summary>
        public (int Id, double Probability)[] Best(Matrix row)
        {
            b.Download(row, logits); // [V]
            top.Select(logits);
            top.Order();
            var best = new (int, double)[top.Count];
            if (best.Length == 0) return best;
            double sum = 0;
            foreach (float logit in logits) sum += Math.Exp((double)logit - top.Values[0]);
            for (int i = 0; i < best.Length; i++) best[i] = (top.Ids[i], Math.Exp((double)top.Values[i] - top.Values[0]) / sum);
            return best;
        }
    }
}
