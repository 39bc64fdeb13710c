using System.Text.Json;
using VlmSharp.Adapters;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Compute.Reference;
using VlmSharp.Conformance;
using VlmSharp.Generation;
using VlmSharp.Quantization;

namespace VlmSharp.Core.Tests.Adapters;

public sealed unsafe class AdapterMergeTests : IDisposable
{
    private readonly TemporaryFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Target => scratch.At("merged");

    [Fact]
    public void The_reference_case_is_reproduced()
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("metrics", "training.json")));
        JsonElement lora = golden.RootElement.GetProperty("lora");
        float[] w = Numbers("W"), a = Numbers("lora_A"), b = Numbers("lora_B");
        fixed (float* pw = w, pa = a, pb = b)
        {
            float[] merged = AdapterMerge.Merge(Data(2, 3, pw), Data(2, 3, pa), Data(2, 2, pb), lora.GetProperty("scaling").GetDouble());
            TensorAssert.Close(Numbers("merged"), merged, 1e-6, "merged");
        }

        float[] Numbers(string name) =>
            [.. lora.GetProperty(name).EnumerateArray().SelectMany(row => row.EnumerateArray().Select(e => e.GetSingle()))];

        static WeightData Data(int rows, int columns, float* values) => new("w", DType.F32, rows, columns, (nint)values, new object());
    }

    [Theory]
    [InlineData("pg1", "lora"), InlineData("pg1", "rslora"), InlineData("pg2", "lora"), InlineData("pg2", "rslora")]
    public void A_merged_weight_equals_the_reference(string kind, string adapter)
    {
        using var expected = new GoldenTensors(GoldenFiles.PathOf("training", $"{kind}-{adapter}-expected.safetensors"));
        using Checkpoint checkpoint = Checkpoint.Open(GoldenFiles.PathOf("models", kind));
        using AdapterFile file = AdapterFile.Open(GoldenFiles.PathOf("training", $"{kind}-{adapter}"));
        string name = expected.Names.Single(n => n.StartsWith("merged.", StringComparison.Ordinal))["merged.".Length..];
        AdaptedModule module = file.Modules.Single(m => m.WeightName == name);
        (WeightData a, WeightData b) = file.Weights(module);
        TensorAssert.Close(expected.Floats($"merged.{name}"), AdapterMerge.Merge(checkpoint.Weight(name), a, b, module.Scale), 1e-6, name);
    }

    [Theory]
    [InlineData("pg1-f32-sharded", "pg1-lora", "pg1"), InlineData("pg1-f32-sharded", "pg1-rslora", "pg1")]
    public void The_merged_model_answers_like_the_model_with_the_adapter(string folder, string adapter, string kind)
    {
        using AdapterFile file = AdapterFile.Open(Adapter(adapter));
        Assert.Equal(file.Modules.Count, AdapterMerge.Write(Model(folder), Adapter(adapter), Target));
        using var backend = new ReferenceBackend();
        using VisionLanguageModel merged = VisionLanguageModel.Open(Target, backend),
            apart = VisionLanguageModel.Open(Model(folder), backend);
        apart.LoadAdapter("a", Adapter(adapter));
        GenerationRequest request = GoldenCase.Load(kind).Single(c => c.Name == "question").Request();
        float[] expected = Logits(apart, request with { Adapter = "a" }),
            actual = Logits(merged, request),
            without = Logits(apart, request);
        TensorAssert.Close(expected, actual, 2e-4, "merged against unmerged");
        Assert.True(expected.Zip(without, (x, y) => Math.Abs(x - y)).Max() > 0.1, "The adapter changes nothing.");

        static float[] Logits(VisionLanguageModel model, GenerationRequest request) =>
            ModelTrace.Run(model, request, 4, promptLogits: false).Tensors.Single(t => t.Name == "step_logits").Values;
    }

    [Theory]
    [InlineData("pg1", "pg1-lora"), InlineData("pg1-new-names", "pg1-lora-new-names"), InlineData("pg1-f16", "pg1-rslora")]
    public void Names_formats_and_all_other_weights_stay_those_of_the_base_model(string folder, string adapter)
    {
        var shares = new List<double>();
        AdapterMerge.Write(Model(folder), Adapter(adapter), Target, new Shares(shares));
        Assert.Equal(1, shares[^1], 6);
        using Checkpoint before = Checkpoint.Open(Model(folder)), after = Checkpoint.Open(Target);
        using AdapterFile file = AdapterFile.Open(Adapter(adapter));
        HashSet<string> changed = [.. file.Modules.Select(m => m.WeightName)];
        Assert.Equal(before.Tensors.Keys, after.Tensors.Keys);
        foreach ((string name, CheckpointTensor tensor) in before.Tensors)
        {
            CheckpointTensor written = after.Tensors[name];
            Assert.Equal((tensor.StoredName, tensor.DType), (written.StoredName, written.DType));
            bool equal = Bytes(tensor).SequenceEqual(Bytes(written));
            Assert.True(equal != changed.Contains(name), name);
        }

        Assert.Equal(File.ReadAllBytes(Path.Combine(Model(folder), "config.json")), File.ReadAllBytes(Path.Combine(Target, "config.json")));

        static ReadOnlySpan<byte> Bytes(CheckpointTensor tensor) => new((void*)tensor.Pointer, (int)tensor.ByteLength);
    }

    [Fact]
    public void An_adapter_is_not_merged_into_a_quantized_model()
    {
        string quantized = scratch.At("int8");
        ModelQuantizer.Write(Model("pg1"), quantized, DType.Int8);
        Assert.Contains(
            "is quantized",
            Assert.Throws<RequestException>(() => AdapterMerge.Write(quantized, Adapter("pg1-lora"), Target)).Message,
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(Target));
    }

    [Fact]
    public void A_folder_that_is_not_empty_and_an_adapter_of_another_model_are_refused()
    {
        Assert.Throws<IOException>(() => AdapterMerge.Write(Model("pg1"), Adapter("pg1-lora"), Model("pg2")));
        Assert.Throws<ModelFormatException>(() => AdapterMerge.Write(Model("pg2"), Adapter("pg1-lora"), Target));
        Assert.False(Directory.Exists(Target));
    }

    private static string Model(string name) => GoldenFiles.PathOf("models", name);

    private static string Adapter(string name) => GoldenFiles.PathOf("training", name);

    private sealed class Shares(List<double> values) : IProgress<double>
    {
        public void Report(double value) => values.Add(value);
    }
}
