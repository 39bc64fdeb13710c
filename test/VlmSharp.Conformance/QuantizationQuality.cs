using System.Globalization;
using System.Text.Json;
using VlmSharp.Compute;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Models;
using VlmSharp.Tokenization;

namespace VlmSharp.Conformance;

/// <summary>
/// What quantization costs: the demo model answers questions about scenes that it never saw, with the true answer forced, token by
/// token through the decoder's cache as in generation, quantized and as it is.
/// </summary>
/// <param name="Answers">Questions asked.</param>
/// <param name="Tokens">Tokens of the answers, ends included: distributions compared.</param>
/// <param name="Divergence">Mean over the tokens of KL(stored || quantized) = sum p log(p / q), in nats.</param>
/// <param name="TopOne">Share of the tokens at which both find the same token likeliest.</param>
/// <param name="StoredPerplexity">exp of the mean of -log p(true token), of the weights as stored.</param>
/// <param name="QuantizedPerplexity">The same of the quantized weights.</param>
public sealed record QuantizationQuality(int Answers, int Tokens, double Divergence, double TopOne, double StoredPerplexity, double QuantizedPerplexity)
{
    /// <summary>Measures a format.</summary>
    /// <param name="backend">Runs both models.</param>
    /// <param name="format">Int8 or Int4.</param>
    /// <param name="scenes">Pictures, of which there are 40.</param>
    public static QuantizationQuality Measure(IComputeBackend backend, DType format, int scenes)
    {
        using VisionLanguageModel stored = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);
        using VisionLanguageModel quantized = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend, new ModelOptions { Quantization = format });
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("demo-cases", "answers.json")));
        int answers = 0, tokens = 0, same = 0;
        double divergence = 0, storedLoss = 0, quantizedLoss = 0;
        foreach (IGrouping<string, JsonElement> scene in json.RootElement.EnumerateArray().GroupBy(c => c.GetProperty("image").GetString()!).Take(scenes))
        {
            RgbImage[] image = [ImageFile.Load(GoldenFiles.PathOf("demo-cases", scene.Key))];
            foreach (JsonElement question in scene)
            {
                var request = new GenerationRequest { Images = image, Prompt = question.GetProperty("prompt").GetString()! };
                int[] truth = [.. stored.Tokenizer!.Encode(question.GetProperty("truth").GetString()!, ControlTokens.Honour), stored.Model.Config.EosTokenIds[0]];
                float[][] p = Forced(stored, request, truth), q = Forced(quantized, request, truth);
                for (int i = 0; i < truth.Length; i++)
                {
                    for (int v = 0; v < p[i].Length; v++) divergence += Math.Exp(p[i][v]) * ((double)p[i][v] - q[i][v]);
                    if (Array.IndexOf(p[i], p[i].Max()) == Array.IndexOf(q[i], q[i].Max())) same++;
                    storedLoss -= p[i][truth[i]];
                    quantizedLoss -= q[i][truth[i]];
                }

                tokens += truth.Length;
                answers++;
            }
        }

        return new QuantizationQuality(answers, tokens, divergence / tokens, (double)same / tokens, Math.Exp(storedLoss / tokens), Math.Exp(quantizedLoss / tokens));
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Answers} answers, {Tokens} tokens: KL {Divergence:0.000000} nats, same likeliest token {TopOne:P1}, perplexity {StoredPerplexity:0.0000} -> {QuantizedPerplexity:0.0000}");

    // log p of every token of the vocabulary before each token of the answer: [answer][V].
    private static float[][] Forced(VisionLanguageModel model, GenerationRequest request, int[] answer)
    {
        IComputeBackend b = model.Model.Backend;
        PreparedPrompt prompt = model.Prepare(request);
        int length = prompt.Ids.Length;
        using KvCache cache = model.Model.CreateKvCache(length + answer.Length);
        var batch = new SequenceBatch();
        batch.Add(length, length, cache);
        float[][] rows = new float[answer.Length][];
        using (Tensor first = b.Upload(ForwardPass.Logits(model, prompt, prompt.Ids, batch, [length - 1]), 1, model.Model.Config.Text.VocabSize)) rows[0] = Normalized(b, first);
        for (int i = 1; i < answer.Length; i++)
        {
            batch.Clear();
            batch.Add(1, length, cache);
            using Tensor input = model.Model.Embed([answer[i - 1]]);
            using Tensor hidden = model.Model.Decode(input, batch);
            using Tensor logits = model.Model.Logits(hidden);
            rows[i] = Normalized(b, logits);
        }

        return rows;
    }

    private static float[] Normalized(IComputeBackend b, Tensor logits)
    {
        using Tensor log = b.LogSoftmax(logits);
        float[] values = new float[log.Length];
        b.Download(log, values);
        return values;
    }
}
