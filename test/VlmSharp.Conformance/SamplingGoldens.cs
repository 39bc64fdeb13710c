using System.Text.Json;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Sampling;
using VlmSharp.Generation;
using VlmSharp.Generation.Processors;

namespace VlmSharp.Conformance;

/// <summary>
/// Compares the draws of a backend with the distribution of transformers for the same scores and settings: the token of a seed is the
/// first whose cumulative probability exceeds the seed's random number. The tests are inherited by every backend.
/// </summary>
public abstract class SamplingGoldens
{
    private const int Seeds = 60;
    private const double NearBorder = 1e-5; // the recorded probabilities are fp32

    /// <summary>Makes a new backend.</summary>
    protected abstract IComputeBackend CreateBackend();

    /// <summary>The cases of <c>sampling/sampling.json</c> that draw.</summary>
    public static TheoryData<int> Cases
    {
        get
        {
            using JsonDocument json = Settings();
            IEnumerable<int> all = Enumerable.Range(0, json.RootElement.GetArrayLength());
            return [.. all.Where(i => GoldenSettings.Read(json.RootElement[i]).IsSampling)];
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Draws_follow_the_reference_distribution(int index)
    {
        using JsonDocument json = Settings();
        JsonElement golden = json.RootElement[index];
        using var tensors = new GoldenTensors(GoldenFiles.PathOf("sampling", "sampling.safetensors"));
        float[] scores = tensors.Floats($"{index}.logits").ToArray(), probabilities = tensors.Floats($"{index}.probabilities").ToArray();
        GenerationOptions options = GoldenSettings.Read(golden);
        int[] history = GoldenCase.Ints(golden.GetProperty("history"));
        int prompt = golden.GetProperty("prompt_length").GetInt32();
        new HistoryRules(scores.Length).Apply(scores, history, prompt, options.HistoryLimits, [golden.GetProperty("eos").GetInt32()]);

        int[] drawn = Draw(scores, [.. Enumerable.Range(0, Seeds).Select(seed => options.Rule(prompt, seed, scores.Length))], prompt);
        bool ties = golden.GetProperty("ties").GetBoolean();
        int compared = 0;
        for (int seed = 0; seed < Seeds; seed++)
        {
            // Among tokens that tie with the last kept one, the reference keeps any, so only the score can be compared.
            if (ties) Assert.Contains(scores[drawn[seed]], scores.Where((_, id) => probabilities[id] > 0));
            else if (Expected(probabilities, CounterRandom.Uniform(seed, 0)) is { } expected)
                compared += AssertEqual(expected, drawn[seed], index, seed);
        }

        Assert.True(ties || compared > Seeds / 2);
    }

    private static int AssertEqual(int expected, int actual, int index, int seed)
    {
        Assert.True(expected == actual, $"Case {index}, seed {seed}: drew {actual}, expected {expected}.");
        return 1;
    }

    /// <summary>The token, or null if the random number is too close to the border between two.</summary>
    private static int? Expected(float[] probabilities, double uniform)
    {
        double sum = 0;
        for (int id = 0; id < probabilities.Length; id++)
        {
            sum += probabilities[id];
            if (Math.Abs(sum - uniform) < NearBorder) return null;
            if (sum > uniform) return id;
        }

        return null;
    }

    private int[] Draw(float[] scores, TokenRule[] rules, int promptLength)
    {
        using IComputeBackend backend = CreateBackend();
        var batch = new SequenceBatch();
        foreach (TokenRule _ in rules) batch.Add(promptLength, promptLength);
        float[] all = [.. rules.SelectMany(_ => scores)];
        using Matrix logits = backend.Upload(all, rules.Length, scores.Length);
        using Matrix chosen = backend.Choose(logits, backend.Prepare(batch), new ChoiceRules(rules));
        float[] words = new float[chosen.Length];
        backend.Download(chosen, words);
        return [.. Enumerable.Range(0, rules.Length).Select(i => new ChosenToken(words.AsSpan(i * chosen.Columns, chosen.Columns)).Id)];
    }

    private static JsonDocument Settings() => JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("sampling", "sampling.json")));
}
