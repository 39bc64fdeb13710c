using System.Text.Json;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Bench.Gpu;

/// <summary>Compares a model of the published size with transformers in fp32 on the same weights: logits, stages and tokens.</summary>
internal static class FullSizeStep
{
    private const string Name = "paligemma-3b-224";

    /// <summary>The bound as a share of the range of the logits: bf16 rounds the operands of every product.</summary>
    private const double LogitBound = 0.02;

    public static void Run(GpuOptions options, GpuPart part)
    {
        if (options.IsDry)
        {
            part.Set("skipped", "a dry run has no checkpoint of the full size");
            return;
        }

        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("full-size", $"{Name}.json")));
        using var expected = new GoldenTensors(GoldenFiles.PathOf("full-size", $"{Name}.safetensors"));
        JsonElement golden = json.RootElement;
        using IComputeBackend backend = options.StartAny();
        using VisionLanguageModel model = VisionLanguageModel.Open(options.Model, backend);
        part.Set("backend", $"{backend.Name}: {backend.Description}");
        part.Set("load_seconds", GpuPart.Number(model.LoadTime.TotalSeconds));

        int[] tokens = GoldenCase.Ints(golden.GetProperty("tokens"));
        var request = new GenerationRequest
        {
            Images = [ImageFile.Load(GoldenFiles.PathOf("images", golden.GetProperty("image").GetString()!))],
            PromptIds = GoldenCase.Ints(golden.GetProperty("prompt_ids")),
        };
        GenerationResult result =
            model.Generate(request, new GenerationOptions { MaxNewTokens = tokens.Length, IgnoreEndOfSequence = true });
        part.Add(
            "tokens",
            ("expected", string.Join(" ", tokens)),
            ("actual", string.Join(" ", result.TokenIds)),
            ("ok", tokens.SequenceEqual(result.TokenIds)));

        Trace trace = ModelTrace.Run(model, request, tokens.Length, promptLogits: false);
        ReadOnlySpan<float> logits = expected.Floats("logits");
        ReadOnlySpan<float> actual = trace.Tensors.Single(t => t.Name == "step_logits").Values.AsSpan(0, model.Config.Text.VocabSize);
        double range = Largest(logits) - Smallest(logits), share = GoldenSteps.Worst(logits, actual) / range;
        part.Add(
            "logits",
            ("range", GpuPart.Number(range)),
            ("worst_share_of_range", GpuPart.Number(share, 3)),
            ("bound", LogitBound),
            ("ok", share <= LogitBound));

        Dictionary<string, TracedTensor> stages = trace.Tensors.ToDictionary(t => t.Name);
        foreach (JsonProperty stage in golden.GetProperty("stages").EnumerateObject().Where(s => stages.ContainsKey(s.Name)))
        {
            TracedTensor traced = stages[stage.Name];
            int columns = (int)traced.Shape[^1];
            double deviation = stage.Value.GetProperty("std").GetDouble();
            double first = Error(stage.Value, "first_row", traced.Values),
                last = Error(stage.Value, "last_row", traced.Values.AsSpan(traced.Values.Length - columns));
            part.Add("stages", ("stage", stage.Name), ("error_in_std", GpuPart.Number(Math.Max(first, last) / deviation, 3)));
        }
    }

    /// <summary>The largest error among the first numbers of a row; only those are recorded.</summary>
    private static double Error(JsonElement stage, string row, ReadOnlySpan<float> values)
    {
        if (!stage.TryGetProperty(row, out JsonElement recorded)) return 0;
        float[] numbers = [.. recorded.EnumerateArray().Select(v => v.GetSingle())];
        return GoldenSteps.Worst(numbers, values[..numbers.Length]);
    }

    private static float Largest(ReadOnlySpan<float> values)
    {
        float largest = values[0];
        foreach (float value in values) largest = Math.Max(largest, value);
        return largest;
    }

    private static float Smallest(ReadOnlySpan<float> values)
    {
        float smallest = values[0];
        foreach (float value in values) smallest = Math.Min(smallest, value);
        return smallest;
    }
}
