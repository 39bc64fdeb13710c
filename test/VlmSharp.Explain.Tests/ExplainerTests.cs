using System.Text.Json;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Explain;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Preprocessing;

namespace VlmSharp.Explain.Tests;

/// <summary>Compares an explanation with generation, with a trace and with itself.</summary>
public sealed class ExplainerTests : IDisposable
{
    private readonly CpuBackend backend = new();
    private readonly VisionLanguageModel model;

    public ExplainerTests() => model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);

    public void Dispose()
    {
        model.Dispose();
        backend.Dispose();
    }

    [Fact]
    public void Tokens_and_probabilities_equal_those_of_greedy_generation()
    {
        using JsonDocument answers =
            JsonDocument.Parse(File.ReadAllBytes(Path.Combine(GoldenFiles.Root, "demo", "samples", "answers.json")));
        foreach (JsonElement answer in answers.RootElement.EnumerateArray())
        {
            GenerationRequest request = Request(answer.GetProperty("image").GetString()!, answer.GetProperty("prompt").GetString()!);
            GenerationResult greedy = model.Generate([request])[0];
            Explanation explanation = Explainer.Run(model, request);
            Assert.Equal(greedy.TokenIds, explanation.Steps.Select(s => s.Token.Id));
            Assert.Equal(
                (greedy.Text, greedy.Finish, greedy.PromptTokens), (explanation.Text, explanation.Finish, explanation.Tokens.Count));
            Assert.Equal(answer.GetProperty("text").GetString(), explanation.Text);
            for (int i = 0; i < greedy.TokenIds.Count; i++)
                Assert.Equal(Math.Exp(greedy.LogProbabilities[i]), explanation.Steps[i].Probability, 1e-4);
        }
    }

    /// <summary>The backend serves one thread at a time. Without turns it would throw, or mix up the tensors.</summary>
    [Fact]
    public void Explanations_traces_and_answers_of_several_threads_take_turns()
    {
        string?[] texts = new string?[24];
        Parallel.For(0, texts.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
        {
            GenerationRequest request = Request("cake.png", "caption en");
            texts[i] = (i % 3) switch
            {
                0 => Explainer.Run(model, request).Text,
                1 => model.Generate([request])[0].Text,
                _ => model.Tokenizer!.Decode([.. ModelTrace.Run(model, request, 3).Tokens], skipSpecial: true),
            };
        });
        Assert.All(texts, text => Assert.Equal("a cake", text));
    }

    /// <summary>The weights are unmapped by then, so a step would crash the process.</summary>
    [Fact]
    public void A_model_that_is_disposed_of_explains_nothing()
    {
        VisionLanguageModel other = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);
        other.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Explainer.Run(other, Request("cake.png", "caption en")));
    }

    [Fact]
    public void Candidates_are_in_order_and_all_of_them_sum_to_one()
    {
        int vocabulary = model.Config.Text.VocabSize;
        Explanation explanation =
            Explainer.Run(model, Request("cake.png", "caption en"), new ExplanationOptions { Candidates = vocabulary + 1 });
        foreach (ExplainedStep step in explanation.Steps)
        {
            Assert.Equal(vocabulary, step.Candidates.Count);
            Assert.Equal(1, step.Candidates.Sum(c => c.Probability), 1e-9);
            Assert.Equal(
                (step.Token.Id, step.Token.Piece, step.Probability),
                (step.Candidates[0].Id, step.Candidates[0].Piece, step.Candidates[0].Probability));
            Assert.Equal(
                step.Candidates.OrderByDescending(c => c.Probability).Select(c => c.Probability),
                step.Candidates.Select(c => c.Probability));
            Assert.Equal(vocabulary, step.Candidates.Select(c => c.Id).Distinct().Count());
        }

        Assert.Equal(
            5,
            Explainer.Run(model, Request("cake.png", "caption en"), new ExplanationOptions { Candidates = 5 }).Steps[0].Candidates.Count);
    }

    [Fact]
    public void Attention_sums_to_one_and_maps_hold_its_part_on_the_picture() =>
        CheckAttention(Explainer.Run(model, Request("red_star.png", "detect red star")));

    /// <summary>PaliGemma 2: grouped heads and soft-capped scores. In the reference's run the golden model has no stop token.</summary>
    [Fact]
    public void Attention_under_a_soft_cap_sums_to_one_too()
    {
        using VisionLanguageModel second = VisionLanguageModel.Open(GoldenFiles.PathOf("models", "pg2"), backend);
        GoldenCase golden = GoldenCase.Load("pg2").Single(c => c.Name == "question");
        Explanation explanation = Explainer.Run(second, golden.Request(), new ExplanationOptions { MaxNewTokens = 6 });
        Assert.Equal(golden.Tokens.Take(explanation.Steps.Count), explanation.Steps.Select(s => s.Token.Id));
        CheckAttention(explanation);
    }

    private static void CheckAttention(Explanation explanation)
    {
        int layers = explanation.Config.Text.Layers, patches = explanation.Config.Vision.Patches;
        foreach (ExplainedStep step in explanation.Steps)
        {
            Assert.Equal(step.Token.Index, step.Weights.Count); // what the position before the token sees, including itself
            Assert.Equal(1, step.Weights.Sum(w => (double)w), 1e-5);
            Assert.All(step.Weights, w => Assert.InRange(w, 0, 1));
            Assert.Equal(patches, step.Map.Cells.Count);
            Assert.Equal(step.Weights.Take(patches), step.Map.Cells);
            Assert.Equal(layers, step.Layers.Count);
            Check(step.Share, step.Map);
            foreach (LayerAttention layer in step.Layers) Check(layer.Share, layer.Map);
            Assert.Equal(step.Share.Picture, step.Layers.Average(l => l.Share.Picture), 1e-5);
            Assert.Equal(
                step == explanation.Steps[0] ? 0 : step.Weights.Skip(explanation.Tokens.Count).Sum(w => (double)w),
                step.Share.Generated,
                1e-6);
        }

        static void Check(AttentionShare share, AttentionMap map)
        {
            Assert.Equal(1, share.Picture + share.Prompt + share.Generated, 1e-5);
            Assert.Equal(share.Picture, map.Cells.Sum(c => (double)c), 1e-5);
            Assert.Equal(map.Side * map.Side, map.Cells.Count);
        }
    }

    /// <summary>
    /// The demo model looks at what it names: for the token that names a thing in a caption, the true box of the thing has a larger share
    /// of the picture's attention than of its area. Evenly spread attention would give 1.
    /// </summary>
    [Fact]
    public void Attention_is_on_the_named_thing()
    {
        using JsonDocument answers =
            JsonDocument.Parse(File.ReadAllBytes(Path.Combine(GoldenFiles.Root, "demo", "samples", "answers.json")));
        var ratios = new List<double>();
        foreach (JsonElement answer in answers.RootElement.EnumerateArray())
        {
            string truth = answer.GetProperty("truth").GetString()!, picture = answer.GetProperty("image").GetString()!;
            // only answers with one box
            if (!truth.StartsWith("<loc", StringComparison.Ordinal) || truth.Contains(';', StringComparison.Ordinal)) continue;
            int name = GoldenCase.Ints(answer.GetProperty("tokens"))[^2];
            ExplainedStep step = Explainer.Run(model, Request(picture, "caption en")).Steps.Single(s => s.Token.Id == name);
            // y0, x0, y1, x1 in patches
            double[] box = [.. Enumerable.Range(0, 4).Select(i => int.Parse(truth.AsSpan(9 * i + 4, 4)) / 1024.0 * step.Map.Side)];
            double inside = 0,
                all = step.Map.Cells.Sum(c => (double)c),
                area = (box[2] - box[0]) * (box[3] - box[1]) / step.Map.Cells.Count;
            for (int y = 0; y < step.Map.Side; y++)
                for (int x = 0; x < step.Map.Side; x++)
                    inside += step.Map.Cells[y * step.Map.Side + x] * Overlap(y, box[0], box[2]) * Overlap(x, box[1], box[3]);
            ratios.Add(inside / all / area);
        }

        Assert.Equal(6, ratios.Count);
        Assert.All(ratios, r => Assert.True(r > 1.5, string.Join(", ", ratios)));
        static double Overlap(int cell, double from, double to) => Math.Clamp(Math.Min(cell + 1, to) - Math.Max(cell, from), 0, 1);
    }

    [Fact]
    public void Sizes_equal_those_of_the_traced_stages()
    {
        GenerationRequest request = Request("car-key.png", "detect key");
        Explanation explanation = Explainer.Run(model, request);
        Trace trace = ModelTrace.Run(model, request, 1, promptLogits: false);
        int patches = model.Config.Vision.Patches;
        TracedTensor[] stages =
        [
            .. trace.Tensors.Where(t =>
                t.Name is not ("pixel_values" or "step_logits")
                    && !t.Name.EndsWith("attention", StringComparison.Ordinal) && !t.Name.EndsWith("mlp", StringComparison.Ordinal))
        ];
        Assert.Equal(stages.Select(s => s.Name), explanation.Norms.Select(n => n.Name));
        foreach ((TracedTensor stage, StageNorm norm) in stages.Zip(explanation.Norms))
        {
            int image = patches * (int)stage.Shape[^1];
            Assert.Equal(Rms(stage.Values[..image]), norm.Image, 1e-6);
            if (stage.Name.StartsWith("text.", StringComparison.Ordinal)) Assert.Equal(Rms(stage.Values[image..]), norm.Text!.Value, 1e-6);
            else Assert.Null(norm.Text);
        }

        static double Rms(float[] values) => Math.Sqrt(values.Average(v => (double)v * v));
    }

    [Fact]
    public void The_picture_is_the_input_of_the_model()
    {
        Explanation explanation = Explainer.Run(model, Request("cake.png", "caption en"));
        float[] seen = model.Preprocessor.Process(explanation.Seen);
        Assert.Equal(model.Prepare(Request("cake.png", "caption en")).Pixels[0], seen);
        Assert.Equal(224, explanation.Original.Width);
    }

    [Fact]
    public void Limits_are_kept()
    {
        Explanation one = Explainer.Run(model, Request("cake.png", "caption en"), new ExplanationOptions { MaxNewTokens = 1 });
        Assert.Equal((1, FinishReason.Length, "a"), (one.Steps.Count, one.Finish, one.Text));
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Explainer.Run(model, Request("cake.png", "caption en"), new ExplanationOptions
            {
                MaxNewTokens = ExplanationOptions.LargestMaxNewTokens + 1
            }));
        RgbImage image = Sample("cake.png");
        Assert.Contains(
            "one picture",
            Assert.Throws<RequestException>(
                () => Explainer.Run(model, new GenerationRequest { Images = [image, image], Prompt = "caption en" })).Message,
            StringComparison.Ordinal);
        Assert.Throws<OperationCanceledException>(
            () => Explainer.Run(model, Request("cake.png", "caption en"), cancellationToken: new CancellationToken(true)));
    }

    private static RgbImage Sample(string name) => ImageFile.Load(Path.Combine(GoldenFiles.Root, "demo", "samples", name));

    private static GenerationRequest Request(string picture, string prompt) => new() { Images = [Sample(picture)], Prompt = prompt };
}
