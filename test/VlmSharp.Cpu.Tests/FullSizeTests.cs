using System.Text.Json;
using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Conformance;
using VlmSharp.Cpu.Kernels.Rows;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Models;

namespace VlmSharp.Cpu.Tests;

/// <summary>The published shapes, 3 billion parameters: the recorded logits, stages and tokens.</summary>
public sealed class FullSizeTests
{
    [FullSizeFact]
    public void PaliGemma_3B_gives_the_recorded_numbers() => Check("paligemma-3b-224", new ModelOptions());

    [FullSizeFact]
    public void PaliGemma2_3B_gives_the_recorded_numbers() => Check("paligemma2-3b-224", new ModelOptions { FinalSoftCap = true });

    private static void Check(string name, ModelOptions options)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("full-size", $"{name}.json")));
        using var expected = new GoldenTensors(GoldenFiles.PathOf("full-size", $"{name}.safetensors"));
        JsonElement golden = json.RootElement;
        using var backend = new CpuBackend();
        using VisionLanguageModel model = VisionLanguageModel.Open(Path.Combine(FullSizeFactAttribute.Folder!, name), backend, options);

        int[] tokens = GoldenCase.Ints(golden.GetProperty("tokens"));
        var request = new GenerationRequest
        {
            Images = [ImageFile.Load(GoldenFiles.PathOf("images", golden.GetProperty("image").GetString()!))],
            PromptIds = GoldenCase.Ints(golden.GetProperty("prompt_ids")),
        };
        Trace trace = ModelTrace.Run(model, request, tokens.Length, promptLogits: false);
        Assert.Equal(tokens, trace.Tokens);
        TracedTensor logits = trace.Tensors.Single(t => t.Name == "step_logits");
        int vocabulary = model.Config.Text.VocabSize;
        TensorAssert.Close(expected.Floats("logits"), logits.Values.AsSpan(0, vocabulary), 2e-2, $"{name} logits");
        CheckLastStep(model, request, tokens, expected.Floats("logits_last_step"), name);
        Dictionary<string, TracedTensor> stages = trace.Tensors.ToDictionary(t => t.Name);
        foreach (JsonProperty stage in golden.GetProperty("stages").EnumerateObject())
        {
            Assert.True(stages.TryGetValue(stage.Name, out TracedTensor? actual), $"{stage.Name} was not traced.");
            double tolerance = 1e-3 * Math.Max(1, stage.Value.GetProperty("std").GetDouble());
            int columns = (int)actual.Shape[^1];
            Compare("first_row", actual.Values.AsSpan(0, 6));
            Compare("last_row", actual.Values.AsSpan(actual.Values.Length - columns, 6));

            void Compare(string row, ReadOnlySpan<float> values)
            {
                if (!stage.Value.TryGetProperty(row, out JsonElement e)) return;
                float[] numbers = [.. e.EnumerateArray().Select(v => v.GetSingle())];
                TensorAssert.Close(numbers, values[..numbers.Length], tolerance, $"{name} {stage.Name} {row}");
            }
        }
    }

    /// <summary>
    /// The logits after all but one of the recorded tokens. For Gemma 2 they were recorded with <see cref="HybridCacheFault"/>. With
    /// that fault in our cache the logits are equal; without it ours are right.
    /// </summary>
    private static void CheckLastStep(
        VisionLanguageModel model, GenerationRequest request, int[] tokens, ReadOnlySpan<float> expected, string name)
    {
        PaliGemmaModel network = model.Network;
        IComputeBackend b = network.Backend;
        PreparedPrompt prompt = model.Prepare(request);
        using Matrix planes = b.Upload(prompt.Pixels[0], 1, prompt.Pixels[0].Length);
        using Matrix images = network.EncodeImages(planes);
        using KvCache cache = network.CreateKvCache(prompt.Ids.Length + tokens.Length);
        int[] places = [.. Enumerable.Range(0, prompt.Ids.Length).Where(i => prompt.Ids[i] == network.Config.ImageTokenId)];
        var batch = new SequenceBatch();
        batch.Add(prompt.Ids.Length, prompt.Ids.Length, cache);
        using (Indices ids = b.Upload(prompt.Ids), targets = b.Upload(places))
        using (Matrix input = network.Embed(ids, images, targets)) network.Decode(input, b.Prepare(batch)).Dispose();
        batch.Advance();
        float[] actual = new float[network.Config.Text.VocabSize];
        for (int i = 0; i + 1 < tokens.Length; i++)
        {
            if (i + 2 == tokens.Length) HybridCacheFault.Apply(cache, network.Config.Text);
            batch.Clear();
            batch.Add(1, prompt.Ids.Length, cache);
            using Indices id = b.Upload([tokens[i]]);
            using Matrix input = network.Embed(id);
            using Matrix hidden = network.Decode(input, b.Prepare(batch));
            batch.Advance();
            using Matrix logits = network.Logits(hidden);
            b.Download(logits, actual);
        }

        TensorAssert.Close(expected, actual, 2e-2, $"{name} logits of the last step");
    }
}
