using System.Globalization;
using System.Text.Json;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Models;
using VlmSharp.Tokenization;

namespace VlmSharp.Conformance;

/// <summary>
/// Measures what quantization costs: the scores of a model before and after quantization, with a forced answer, token by token through
/// the decoder's cache as in generation. The demo model is asked about unseen scenes and forced to the true answer. The golden models
/// are forced to the tokens that the reference found likeliest, and compared with the scores of the reference.
/// </summary>
/// <remarks>
/// The golden models are tiny and their weights random. Rows of 64 numbers do not average out the loss of a group, and the likeliest of
/// 5184 tokens has 5 to 8 % and is a third of a nat ahead of the next. So their figures show mistakes but do not predict the loss of a
/// trained model. Matrices whose rows are not whole groups are not quantized: in int8 those of 160 columns of pg1, and all of 72 columns
/// of pg2, including the head.
/// </remarks>
/// <param name="Answers">The number of questions.</param>
/// <param name="Tokens">The number of tokens in the answers, ends included, and so of compared distributions.</param>
/// <param name="Divergence">Mean over the tokens of KL(stored || quantized) = sum p log(p / q), in nats.</param>
/// <param name="TopOne">The share of the tokens at which both models find the same token likeliest.</param>
/// <param name="StoredPerplexity">exp of the mean of -log p(true token), with the stored weights.</param>
/// <param name="QuantizedPerplexity">The same with the quantized weights.</param>
public sealed record QuantizationQuality(
    int Answers, int Tokens, double Divergence, double TopOne, double StoredPerplexity, double QuantizedPerplexity)
{
    /// <summary>The golden models that have matrices of whole groups.</summary>
    public static IReadOnlyList<string> GoldenModels { get; } = ["pg1", "pg2"];

    /// <summary>Measures a format on the demo model.</summary>
    /// <param name="backend">The backend that runs both models.</param>
    /// <param name="format">Int8 or Int4.</param>
    /// <param name="scenes">The number of pictures, up to 40.</param>
    public static QuantizationQuality Measure(IComputeBackend backend, DType format, int scenes)
    {
        using VisionLanguageModel stored = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);
        var options = new ModelOptions { Quantization = format };
        using VisionLanguageModel quantized = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend, options);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("demo-cases", "answers.json")));
        var sum = new Sum();
        IEnumerable<JsonElement> all = json.RootElement.EnumerateArray();
        foreach (IGrouping<string, JsonElement> scene in all.GroupBy(c => c.GetProperty("image").GetString()!).Take(scenes))
        {
            RgbImage[] image = [ImageFile.Load(GoldenFiles.PathOf("demo-cases", scene.Key))];
            foreach (JsonElement question in scene)
            {
                var request = new GenerationRequest { Images = image, Prompt = question.GetProperty("prompt").GetString()! };
                string answer = question.GetProperty("truth").GetString()!;
                int[] truth = [.. stored.Tokenizer!.Encode(answer, ControlTokens.AsTokens), stored.Config.EosTokenIds[0]];
                sum.Add(truth, Forced(stored, request, truth), Forced(quantized, request, truth));
            }
        }

        return sum.Quality();
    }

    /// <summary>Measures a format on a golden model, against the recorded scores of the first tokens of each case.</summary>
    /// <param name="backend">The backend that runs the quantized model.</param>
    /// <param name="format">Int8 or Int4.</param>
    /// <param name="kind">One of <see cref="GoldenModels"/>.</param>
    public static QuantizationQuality MeasureGoldens(IComputeBackend backend, DType format, string kind)
    {
        var options = new ModelOptions { Quantization = format };
        using VisionLanguageModel quantized = VisionLanguageModel.Open(GoldenFiles.PathOf("models", kind), backend, options);
        var sum = new Sum();
        foreach (GoldenCase golden in GoldenCase.Load(kind))
        {
            using var expected = new GoldenTensors(GoldenFiles.PathOf("activations", $"{kind}-{golden.Name}.safetensors"));
            int steps = (int)expected.Shape("step_logits")[0];
            using Matrix recorded = backend.Upload(expected.Floats("step_logits"), steps, (int)expected.Shape("step_logits")[1]);
            int[] answer = golden.Tokens[..steps];
            sum.Add(answer, Normalized(backend, recorded), Forced(quantized, golden.Request(), answer));
        }

        return sum.Quality();
    }

    // Sums over all tokens so far.
    private sealed class Sum
    {
        private int answers, tokens, same;
        private double divergence, storedLoss, quantizedLoss;

        // p and q are log-probabilities before each token of an answer, [answer][V].
        public void Add(int[] answer, float[][] p, float[][] q)
        {
            for (int i = 0; i < answer.Length; i++)
            {
                for (int v = 0; v < p[i].Length; v++) divergence += Math.Exp(p[i][v]) * ((double)p[i][v] - q[i][v]);
                if (Array.IndexOf(p[i], p[i].Max()) == Array.IndexOf(q[i], q[i].Max())) same++;
                storedLoss -= p[i][answer[i]];
                quantizedLoss -= q[i][answer[i]];
            }

            tokens += answer.Length;
            answers++;
        }

        public QuantizationQuality Quality() =>
            new(answers, tokens, divergence / tokens, (double)same / tokens,
                Math.Exp(storedLoss / tokens), Math.Exp(quantizedLoss / tokens));
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Answers} answers, {Tokens} tokens: KL {Divergence:0.000000} nats, same likeliest token {TopOne:P1}, "
        + $"perplexity {StoredPerplexity:0.0000} -> {QuantizedPerplexity:0.0000}");

    // log p of every token of the vocabulary before each token of the answer: [answer][V].
    private static float[][] Forced(VisionLanguageModel model, GenerationRequest request, int[] answer)
    {
        IComputeBackend b = model.Backend;
        PreparedPrompt prompt = model.Prepare(request);
        int length = prompt.Ids.Length;
        using KvCache cache = model.Network.CreateKvCache(length + answer.Length);
        var batch = new SequenceBatch();
        batch.Add(length, length, cache);
        float[][] rows = new float[answer.Length][];
        float[] ofPrompt = ForwardPass.Logits(model, prompt, prompt.Ids, batch, [length - 1]);
        using (Matrix first = b.Upload(ofPrompt, 1, model.Config.Text.VocabSize)) rows[0] = Normalized(b, first)[0];
        for (int i = 1; i < answer.Length; i++)
        {
            batch.Clear();
            batch.Add(1, length, cache);
            using Indices token = b.Upload([answer[i - 1]]);
            using Matrix input = model.Network.Embed(token);
            using Matrix hidden = model.Network.Decode(input, b.Prepare(batch));
            batch.Advance();
            using Matrix logits = model.Network.Logits(hidden);
            rows[i] = Normalized(b, logits)[0];
        }

        return rows;
    }

    private static float[][] Normalized(IComputeBackend b, Matrix logits)
    {
        using Matrix log = b.LogSoftmax(logits);
        float[] values = new float[log.Length];
        b.Download(log, values);
        return [.. values.Chunk(log.Columns)];
    }
}
