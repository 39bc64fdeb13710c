using System.Text;
using VlmSharp.Adapters;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Formats;
using VlmSharp.Models;

namespace VlmSharp.Core.Tests.Adapters;

public sealed class AdapterFileTests : IDisposable
{
    private static readonly PaliGemmaConfig Model = Checkpoint.ReadConfig(GoldenFiles.PathOf("models", "pg1"));
    private static readonly string Golden = GoldenFiles.PathOf("training", "pg1-lora");

    private readonly TemporaryFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private static List<(string Name, long[] Shape, float[] Values)> GoldenTensors()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Golden, AdapterFile.TensorsName));
        return [.. file.Entries.Values.Select(e => (e.Name, e.Shape.ToArray(), file.ReadFloats(e.Name)))];
    }

    /// <summary>Opens the golden adapter with different tensors.</summary>
    private AdapterFile Open(IEnumerable<(string Name, long[] Shape, float[] Values)> tensors, DType type = DType.F32)
    {
        File.Copy(Path.Combine(Golden, AdapterConfig.FileName), scratch.At(AdapterConfig.FileName), overwrite: true);
        SafetensorsWriter.Write(
            scratch.At(AdapterFile.TensorsName), tensors.Select(t => TensorToWrite.FromFloats(t.Name, type, [.. t.Shape], t.Values)));
        return AdapterFile.Open(scratch.Path);
    }

    private static Dictionary<string, float[]> Numbers(AdapterFile file)
    {
        var numbers = new Dictionary<string, float[]>();
        foreach (AdaptedModule module in file.Modules)
        {
            (WeightData a, WeightData b) = file.Weights(module);
            foreach (WeightData data in (WeightData[])[a, b])
            {
                float[] values = new float[data.Rows * data.Columns];
                for (int row = 0; row < data.Rows; row++) data.Widen(row, values.AsSpan(row * data.Columns, data.Columns));
                numbers.Add(data.Name, values);
            }
        }

        return numbers;
    }

    [Theory]
    [InlineData("base_model.model.language_model.model.", "base_model.model.vision_tower.vision_model.", "")]
    [InlineData("base_model.model.language_model.model.", "base_model.model.vision_tower.vision_model.", ".default")]
    [InlineData("base_model.model.model.language_model.", "base_model.model.model.vision_tower.vision_model.", "")]
    [InlineData("base_model.model.model.language_model.", "base_model.model.model.vision_tower.vision_model.", ".default")]
    [InlineData("base_model.model.language_model.", "base_model.model.vision_tower.", "")]
    [InlineData("base_model.model.model.language_model.model.", "base_model.model.model.vision_tower.", ".my_adapter")]
    [InlineData("model.language_model.", "model.vision_tower.", "")]
    [InlineData("language_model.model.", "vision_tower.vision_model.", ".default")]
    public void Every_dialect_of_names_gives_the_same_matrices(string text, string vision, string adapter)
    {
        using AdapterFile expected = AdapterFile.Open(Golden);
        using AdapterFile actual = Open(GoldenTensors().Select(t => (
            t.Name.Replace("base_model.model.language_model.model.", text, StringComparison.Ordinal)
                .Replace("base_model.model.vision_tower.vision_model.", vision, StringComparison.Ordinal)
                .Replace(".weight", $"{adapter}.weight", StringComparison.Ordinal), t.Shape, t.Values)));
        actual.RequireFit(Model);
        Assert.Equal(expected.Modules, actual.Modules);
        Assert.Equal(15, actual.Modules.Count);
        Assert.Equal(8448, actual.Parameters);
        Assert.Equal(Numbers(expected), Numbers(actual));
    }

    [Theory]
    [InlineData(DType.BF16), InlineData(DType.F16)]
    public void Matrices_may_be_stored_in_half_the_bytes(DType type)
    {
        using AdapterFile file = Open(GoldenTensors(), type);
        file.RequireFit(Model);
        Assert.Equal([type], file.Formats);
        foreach ((string name, float[] values) in Numbers(file))
            TensorAssert.Close(GoldenTensors().Single(t => t.Name == $"base_model.model.{name}").Values, values, 2e-3, name);
    }

    [Theory]
    [InlineData("pg1-lora"), InlineData("pg1-lora-new-names")]
    public void What_is_written_is_what_peft_wrote(string golden)
    {
        AdapterNaming naming = golden == "pg1-lora" ? AdapterNaming.Historic : AdapterNaming.Recent;
        using AdapterFile source = AdapterFile.Open(Golden);
        Dictionary<string, float[]> numbers = Numbers(source);
        AdapterWriter.Write(
            scratch.Path,
            source.Config,
            source.Modules.Select(m => new LowRankValues(m, numbers[$"{m.Name}.lora_A.weight"], numbers[$"{m.Name}.lora_B.weight"])),
            naming);
        using AdapterFile written = AdapterFile.Open(scratch.Path);
        Assert.Equal(numbers, Numbers(written));
        using SafetensorsFile expected = SafetensorsFile.Open(GoldenFiles.PathOf("training", golden, AdapterFile.TensorsName)),
            actual = SafetensorsFile.Open(scratch.At(AdapterFile.TensorsName));
        Assert.Equal(expected.Entries.Keys.Order(), actual.Entries.Keys.Order());
        foreach (SafetensorsEntry entry in expected.Entries.Values)
            Assert.Equal(expected.ReadFloats(entry.Name), actual.ReadFloats(entry.Name));
        Assert.Equal([AdapterConfig.FileName, AdapterFile.TensorsName], Directory.GetFiles(scratch.Path).Select(Path.GetFileName).Order());
        Assert.Equal(AdapterFile.Fingerprint(scratch.Path), AdapterFile.Fingerprint(scratch.Path));
        Assert.NotEqual(AdapterFile.Fingerprint(scratch.Path), AdapterFile.Fingerprint(GoldenFiles.PathOf("training", "pg1-rslora")));
    }

    [Fact]
    public void A_selected_layer_that_is_missing_is_an_error()
    {
        using AdapterFile file =
            Open(GoldenTensors().Where(t => !t.Name.Contains("language_model.model.layers.1.mlp.down_proj", StringComparison.Ordinal)));
        Assert.Contains(
            "does not fit the model: it has no matrices for language_model.model.layers.1.mlp.down_proj, a layer that its target_modules "
                + "selects.",
            Misfit(file),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "layers.2.self_attn.v_proj",
        "layers.7.self_attn.v_proj",
        "layers.7.self_attn.v_proj, a layer that the model does not have (4 layers in all).",
        2)]
    [InlineData("language_model.model.layers.1.self_attn.v_proj", "language_model.model.layers.1.self_attn.k_proj",
        "it has no matrices for language_model.model.layers.1.self_attn.v_proj, a layer that its target_modules selects (2 layers in all).",
        0)]
    public void Layers_that_are_not_selected_or_do_not_exist_are_errors(string from, string to, string says, int unmatched)
    {
        using AdapterFile file = Open(GoldenTensors().Select(t => (t.Name.Replace(from, to, StringComparison.Ordinal), t.Shape, t.Values)));
        Assert.Contains(says, Misfit(file), StringComparison.Ordinal);
        Assert.Equal(unmatched, file.Unmatched(Model).Count);
    }

    [Fact]
    public void An_adapter_of_another_model_is_refused()
    {
        using AdapterFile file = AdapterFile.Open(GoldenFiles.PathOf("training", "pg2-lora"));
        string message = Misfit(file);
        Assert.Matches(@"does not fit the model: its [\w.]+ maps \d+ to \d+, and the model's \d+ to \d+ \(\d+ layers in all\)\.$", message);
        Assert.InRange(message.Length, 1, 300);
    }

    public static TheoryData<string, string> Damages => new()
    {
        { "half", "lacks the other" },
        { "rank", "rank 3" },
        { "twice", "twice" },
        { "dora", "no lora_A or lora_B" },
        { "embedding", "no lora_A or lora_B" },
        { "saved", "no lora_A or lora_B" },
        { "empty", "holds no tensors" },
        { "flat", "not [rank, in]" },
        { "integers", "where F32, BF16 or F16 belongs" },
    };

    [Theory, MemberData(nameof(Damages))]
    public void A_file_that_is_not_an_adapter_is_refused(string damage, string says)
    {
        List<(string Name, long[] Shape, float[] Values)> tensors = GoldenTensors();
        (string name, long[] shape, float[] values) = tensors[0]; // a matrix A
        switch (damage)
        {
            case "half": tensors.RemoveAt(0); break;
            case "rank":
                tensors[0] = (name, [3, shape[1]], values[..(3 * (int)shape[1])]);
                tensors[1] = (tensors[1].Name, [tensors[1].Shape[0], 3], tensors[1].Values[..(3 * (int)tensors[1].Shape[0])]);
                break;
            case "twice": tensors.Add((name.Replace(".weight", ".default.weight", StringComparison.Ordinal), shape, values)); break;
            case "dora":
                tensors.Add((name.Replace("lora_A.weight", "lora_magnitude_vector", StringComparison.Ordinal), [64], new float[64]));
                break;
            case "embedding":
                tensors.Add(("base_model.model.language_model.model.embed_tokens.lora_embedding_A", [4, 5184], new float[4 * 5184]));
                break;
            case "saved": tensors.Add(("base_model.model.language_model.lm_head.weight", [1, 1], [0])); break;
            case "empty": tensors.Clear(); break;
            case "flat": tensors[0] = (name, [shape[0] * shape[1]], values); break;
        }

        var error = Assert.Throws<ModelFormatException>(() =>
        {
            if (damage != "integers") return Open(tensors);
            File.Copy(Path.Combine(Golden, AdapterConfig.FileName), scratch.At(AdapterConfig.FileName));
            SafetensorsWriter.Write(scratch.At(AdapterFile.TensorsName), [TensorToWrite.FromIntegers(name, [4, 4], new long[16])]);
            return AdapterFile.Open(scratch.Path);
        });
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_error_for_another_folder_says_what_it_holds()
    {
        string Says(string folder) => Assert.Throws<ModelFormatException>(() => AdapterFile.Open(folder)).Message;
        Assert.Contains("does not exist", Says(scratch.At("nowhere")), StringComparison.Ordinal);
        Assert.Contains("it holds a model", Says(GoldenFiles.PathOf("models", "pg1")), StringComparison.Ordinal);
        Assert.Contains("is a file", Says(Path.Combine(Golden, AdapterFile.TensorsName)), StringComparison.Ordinal);
        Assert.Contains("has one: give that folder", Says(GoldenFiles.PathOf("training")), StringComparison.Ordinal);
        File.Copy(Path.Combine(Golden, AdapterConfig.FileName), scratch.At(AdapterConfig.FileName));
        Assert.Contains("was copied without it", Says(scratch.Path), StringComparison.Ordinal);
        scratch.Write("adapter_model.bin", "PK"u8);
        Assert.Contains("pickle", Says(scratch.Path), StringComparison.Ordinal);
        scratch.Write(AdapterFile.TensorsName, Encoding.ASCII.GetBytes("not a safetensors file"));
        Assert.Contains("damaged", Says(scratch.Path), StringComparison.Ordinal);
    }

    private static string Misfit(AdapterFile file) => Assert.Throws<ModelFormatException>(() => file.RequireFit(Model)).Message;
}
