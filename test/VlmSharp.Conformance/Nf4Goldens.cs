using System.Text.Json;
using VlmSharp.Compute;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Models;
using VlmSharp.Quantization;

namespace VlmSharp.Conformance;

/// <summary>
/// Compares models whose decoder is in NF4 with transformers, which runs on the weights that bitsandbytes dequantizes (to bf16), with
/// all else in fp32. The tests are inherited by every backend. The rows of PaliGemma 2 have 72 columns, so blocks cross rows.
/// </summary>
public abstract class Nf4Goldens : IDisposable
{
    private readonly TemporaryFolder scratch = new();

    /// <summary>Makes a new backend.</summary>
    protected abstract IComputeBackend CreateBackend();

    /// <summary>The tolerance of a logit. A backend that rounds operands widens it.</summary>
    protected virtual double Tolerance => 2e-4;

    [BackendTheory, InlineData("pg1"), InlineData("pg2")]
    public void Logits_equal_the_reference_stored_in_NF4_and_quantized_while_loading(string kind)
    {
        using IComputeBackend backend = CreateBackend();
        string source = GoldenFiles.PathOf("models", kind), folder = Path.Combine(scratch.Path, kind);
        ModelQuantizer.Write(source, folder, DType.Nf4);
        using VisionLanguageModel stored = VisionLanguageModel.Open(folder, backend);
        using VisionLanguageModel loaded = VisionLanguageModel.Open(source, backend, new ModelOptions { Quantization = DType.Nf4 });
        using var expected = new GoldenTensors(GoldenFiles.PathOf("training", $"{kind}-nf4-expected.safetensors"));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("training", $"{kind}.json")));
        JsonElement samples = json.RootElement.GetProperty("samples");
        for (int i = 0; i < 2; i++)
        {
            float[] actual = SuffixLogits(stored, samples[i]);
            TensorAssert.Close(expected.Floats($"suffix_logits.{i}"), actual, Tolerance, $"{kind} sample {i}");
            Assert.Equal(actual, SuffixLogits(loaded, samples[i]));
        }
    }

    [BackendFact]
    public void A_batch_gives_the_tokens_of_its_members_alone()
    {
        using IComputeBackend backend = CreateBackend();
        using VisionLanguageModel model =
            VisionLanguageModel.Open(GoldenFiles.PathOf("models", "pg2"), backend, new ModelOptions { Quantization = DType.Nf4 });
        GenerationRequest[] requests = [.. GoldenCase.Load("pg2").Select(c => c.Request())];
        var options = new GenerationOptions { MaxNewTokens = 6, IgnoreEndOfSequence = true };
        IReadOnlyList<GenerationResult> together = model.Generate(requests, options);
        for (int i = 0; i < requests.Length; i++) Assert.Equal(model.Generate([requests[i]], options)[0].TokenIds, together[i].TokenIds);
    }

    // The scores of each token of the suffix, from the token before it; the prefix is bidirectional, the suffix causal.
    private static float[] SuffixLogits(VisionLanguageModel model, JsonElement sample)
    {
        int[] Ints(string name) => [.. sample.GetProperty(name).EnumerateArray().Select(e => e.GetInt32())];
        int[] ids = Ints("input_ids"), labels = Ints("labels");
        RgbImage image = ImageFile.Load(GoldenFiles.PathOf("images", sample.GetProperty("image").GetString()!));
        var batch = new SequenceBatch();
        batch.Add(ids.Length, prefixLength: Ints("token_type_ids").Count(type => type == 0));
        int[] rows = [.. Enumerable.Range(1, ids.Length - 1).Where(i => labels[i] >= 0).Select(i => i - 1)];
        return ForwardPass.Logits(model, new PreparedPrompt(ids, [model.Preprocessor.Process(image)]), ids, batch, rows);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        scratch.Dispose();
        GC.SuppressFinalize(this);
    }
}
