using System.Text.Json;
using VlmSharp.Compute.Sampling;
using VlmSharp.Conformance;
using VlmSharp.Generation;
using VlmSharp.Generation.Processors;

namespace VlmSharp.Core.Tests.Generation;

/// <summary>
/// Compares the scores with those of the reference's processors: the same tokens are removed, and values and probabilities agree.
/// </summary>
public sealed class ProcessorGoldensTests
{
    private const double Relative = 1e-5;

    public static TheoryData<int> Cases
    {
        get
        {
            using JsonDocument json = Settings();
            return [.. Enumerable.Range(0, json.RootElement.GetArrayLength())];
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Scores_and_probabilities_equal_the_reference(int index)
    {
        using JsonDocument json = Settings();
        JsonElement golden = json.RootElement[index];
        using var tensors = new GoldenTensors(GoldenFiles.PathOf("sampling", "sampling.safetensors"));
        float[] logits = tensors.Floats($"{index}.logits").ToArray(), scores = [.. logits];
        ReadOnlySpan<float> expected = tensors.Floats($"{index}.expected"), probabilities = tensors.Floats($"{index}.probabilities");
        GenerationOptions options = GoldenSettings.Read(golden);
        options.Validate();

        int[] history = GoldenCase.Ints(golden.GetProperty("history"));
        int promptLength = golden.GetProperty("prompt_length").GetInt32();
        new HistoryRules(scores.Length).Apply(scores, history, promptLength, options.HistoryLimits, [golden.GetProperty("eos").GetInt32()]);
        new TokenSampler(scores.Length).Apply(scores, options.Rule(promptLength, 0, scores.Length));
        double[] weights = new double[scores.Length];
        double total = Sampler.Weigh(scores, weights);

        Assert.Equal(golden.GetProperty("kept").GetInt32(), scores.Count(float.IsFinite));
        bool ties = golden.GetProperty("ties").GetBoolean();
        for (int id = 0; id < scores.Length; id++)
        {
            if (float.IsFinite(expected[id]) != float.IsFinite(scores[id]))
            {
                float[] kept = [.. logits.Where((_, other) => float.IsFinite(scores[other]))];
                Assert.True(ties && kept.Contains(logits[id]), $"Case {index}: token {id} should be {expected[id]}, is {scores[id]}.");
                continue;
            }

            if (!float.IsFinite(expected[id])) continue;
            Assert.InRange(scores[id], expected[id] - Relative * Math.Abs(expected[id]), expected[id] + Relative * Math.Abs(expected[id]));
            Assert.InRange(weights[id] / total, probabilities[id] * (1 - Relative) - 1e-12, probabilities[id] * (1 + Relative) + 1e-12);
        }
    }

    private static JsonDocument Settings() => JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("sampling", "sampling.json")));
}
