using System.Text;
using System.Text.Json.Nodes;
using VlmSharp.Checkpoints;
using VlmSharp.Conformance;
using VlmSharp.Models;

namespace VlmSharp.Core.Tests.Checkpoints;

public class ConfigReaderTests
{
    internal static PaliGemmaConfig ReadGolden(string kind) => Read(GoldenText(kind));

    private static string GoldenText(string kind) => File.ReadAllText(GoldenFiles.PathOf("models", kind, "config.json"));

    private static PaliGemmaConfig Read(string json) => ConfigReader.Read(Encoding.UTF8.GetBytes(json), "config.json");

    /// <summary>The golden file with one key changed. The path of the key has dots; the value is JSON, or "absent".</summary>
    private static string With(string kind, string key, string value)
    {
        JsonNode root = JsonNode.Parse(GoldenText(kind))!;
        string[] steps = key.Split('.');
        JsonObject target = steps[..^1].Aggregate(root, (node, step) => node[step]!).AsObject();
        target.Remove(steps[^1]);
        if (value != "absent") target.Add(steps[^1], JsonNode.Parse(value));
        return root.ToJsonString();
    }

    [Fact]
    public void WhatFirstGenerationFilesLeaveOutIsFilledIn()
    {
        PaliGemmaConfig config = ReadGolden("pg1");
        Assert.Equal(new VisionConfig(48, 96, 3, 4, 14, 56, 1e-6f), config.Vision);
        Assert.Equal((12, 4, 16), (config.Vision.HeadDim, config.Vision.PatchesPerSide, config.Vision.Patches));
        TextConfig text = config.Text;
        Assert.Equal(
            ("gemma", 64, 160, 3, 4, 1, 32, 5184),
            (text.ModelType, text.HiddenSize, text.IntermediateSize, text.Layers, text.Heads, text.KvHeads, text.HeadDim, text.VocabSize));
        Assert.Equal((1e-6f, 10000f, 8192), (text.RmsNormEpsilon, text.RopeBase, text.MaxPositions));
        Assert.Equal(MathF.Pow(32, -0.5f), text.QueryScale, 1e-7f);
        Assert.Equal((0f, 0f, 0, false), (text.AttentionSoftCap, text.FinalSoftCap, text.SlidingWindow, text.HasPostNorms));
        Assert.Equal([false, false, false], text.SlidingLayers.AsEnumerable());
        Assert.Equal(
            (5152, 2, 0, "bfloat16", true),
            (config.ImageTokenId, config.BosTokenId, config.PadTokenId, config.StoredDType, config.TiesHead));
        Assert.Equal([1], config.EosTokenIds.AsEnumerable());
        Assert.Equal(8f, config.EmbeddingScale);
    }

    [Fact]
    public void SecondGenerationFilesCarryCapsWindowAndScale()
    {
        TextConfig text = ReadGolden("pg2").Text;
        Assert.Equal((5f, 0f, 4096, true), (text.AttentionSoftCap, text.FinalSoftCap, text.SlidingWindow, text.HasPostNorms));
        Assert.Equal((float)(1 / Math.Sqrt(18)), text.QueryScale, 1e-7f);
        Assert.Equal([true, false, true, false], text.SlidingLayers.AsEnumerable());
        Assert.Equal(2, text.Heads / text.KvHeads);
    }

    [Theory]
    [InlineData("text_config.attn_logit_softcapping", "absent", 50f, 0f)]
    [InlineData("text_config.attn_logit_softcapping", "null", 0f, 0f)]
    [InlineData("text_config.final_logit_softcapping", "absent", 5f, 30f)]
    public void AbsentCapsHaveDefaultsAndNullSwitchesThemOff(string key, string value, float attention, float final)
    {
        TextConfig text = Read(With("pg2", key, value)).Text;
        Assert.Equal((attention, final), (text.AttentionSoftCap, text.FinalSoftCap));
    }

    [Fact]
    public void LayerTypesAndWindowAreRead()
    {
        const string Types = """["full_attention","sliding_attention","full_attention","full_attention"]""";
        Assert.Equal([false, true, false, false], Read(With("pg2", "text_config.layer_types", Types)).Text.SlidingLayers.AsEnumerable());
        TextConfig off = Read(With("pg2", "text_config.sliding_window", "null")).Text;
        Assert.Equal(0, off.SlidingWindow);
        Assert.DoesNotContain(true, off.SlidingLayers);
    }

    [Theory]
    [InlineData("text_config.rope_theta", "500", 500f)]
    [InlineData("text_config.rope_parameters", """{"rope_type":"default","rope_theta":700.0}""", 700f)]
    [InlineData("text_config.rope_parameters", "null", 10000f)]
    [InlineData("text_config.rope_scaling", "null", 10000f)]
    public void RotaryBaseIsReadFromEitherPlace(string key, string value, float expected) =>
        Assert.Equal(expected, Read(With("pg1", key, value)).Text.RopeBase);

    [Theory]
    [InlineData("text_config.hidden_act", "\"gelu\"")]
    [InlineData("text_config.hidden_activation", "null")]
    [InlineData("text_config.hidden_activation", "\"gelu_pytorch_tanh\"")]
    [InlineData("vision_config.hidden_act", "\"gelu_pytorch_tanh\"")]
    [InlineData("hidden_size", "2048")]
    [InlineData("text_config.eos_token_id", "[1,107]")]
    [InlineData("vision_config.num_positions", "256")]
    public void TrapsOfPublishedFilesChangeNothing(string key, string value)
    {
        PaliGemmaConfig plain = ReadGolden("pg1"), trapped = Read(With("pg1", key, value));
        Assert.Equal(plain.Vision, trapped.Vision);
        Assert.Equal(plain.Text.HiddenSize, trapped.Text.HiddenSize);
        Assert.Equal(plain.EosTokenIds.AsEnumerable(), trapped.EosTokenIds);
    }

    [Theory]
    [InlineData("model_type", "\"llava\"", "'llava'")]
    [InlineData("model_type", "\"gemma3\"", "Gemma 3")]
    [InlineData("model_type", "absent", "no 'model_type'")]
    [InlineData("vision_config", "absent", "no 'vision_config'")]
    [InlineData("text_config", "absent", "no 'text_config'")]
    [InlineData("vision_config", "[]", "a list in 'vision_config'")]
    [InlineData("vision_config.vision_use_head", "absent", "pooling head")]
    [InlineData("vision_config.vision_use_head", "true", "pooling head")]
    [InlineData("vision_config.hidden_act", "\"gelu\"", "'gelu'")]
    [InlineData("vision_config.num_channels", "4", "3 channels")]
    [InlineData("vision_config.image_size", "57", "multiple of the patch size")]
    [InlineData("vision_config.num_attention_heads", "5", "do not divide")]
    [InlineData("vision_config.num_hidden_layers", "0", "'vision_config.num_hidden_layers' = 0")]
    [InlineData("vision_config.num_hidden_layers", "2147483647", "between 1 and 512")]
    [InlineData("vision_config.layer_norm_eps", "-1", "not above 0")]
    [InlineData("text_config.model_type", "\"llama\"", "'llama'")]
    [InlineData("text_config.hidden_activation", "\"gelu\"", "'gelu'")]
    [InlineData("text_config.hidden_act", "\"silu\"", "'silu'")]
    [InlineData("text_config.attention_bias", "true", "no biases")]
    [InlineData("text_config.head_dim", "33", "even number")]
    [InlineData("text_config.head_dim", "32.5", "not a whole number")]
    [InlineData("text_config.head_dim", "1e99", "not a whole number")]
    [InlineData("text_config.num_key_value_heads", "3", "multiple of its 3")]
    [InlineData("text_config.vocab_size", "99999999999999999999", "'text_config.vocab_size'")]
    [InlineData("text_config.rms_norm_eps", "1e999", "not above 0")]
    [InlineData("text_config.rope_scaling", """{"type":"linear","factor":8}""", "'linear'")]
    [InlineData("text_config.rope_parameters", """{"rope_type":"yarn"}""", "'yarn'")]
    [InlineData("image_token_index", "absent", "default 256000")]
    [InlineData("image_token_index", "5184", "between 0 and 5183")]
    [InlineData("eos_token_id", "[1,-1]", "'eos_token_id' = -1")]
    [InlineData("quantization_config", "{}", "quantized weights of another program's kind")]
    [InlineData("quantization_config", """{"quant_method":"gptq"}""", "quantized weights of 'gptq' kind")]
    [InlineData("quantization_config", """{"quant_method":"bitsandbytes"}""", "bitsandbytes quantized to 'neither 4 nor 8 bits'")]
    [InlineData("quantization_config", """{"quant_method":"bitsandbytes","load_in_8bit":true}""", "bitsandbytes quantized to 'LLM.int8'")]
    [InlineData("quantization_config", """{"load_in_8bit":true}""", "bitsandbytes quantized to 'LLM.int8'")]
    [InlineData("quantization_config", """{"quant_method":"bitsandbytes","load_in_4bit":true}""", "bitsandbytes quantized to 'FP4'")]
    [InlineData(
        "quantization_config",
        """{"load_in_4bit":true,"bnb_4bit_quant_type":"nf4","bnb_4bit_quant_storage":"bfloat16"}""",
        "stored as 'bfloat16'")]
    public void WhatCannotBeRunIsRefusedWithTheReason(string key, string value, string reason)
    {
        var error = Assert.Throws<ModelFormatException>(() => Read(With("pg1", key, value)));
        Assert.StartsWith("config.json ", error.Message);
        Assert.Contains(reason, error.Message);
    }

    [Theory]
    [InlineData("text_config.layer_types", """["full_attention"]""", "lists 1 entries")]
    [InlineData("text_config.layer_types", """["a","a","a","a"]""", "'a'")]
    [InlineData("text_config.query_pre_attn_scalar", "0", "not above 0")]
    [InlineData("text_config.sliding_window", "-5", "'text_config.sliding_window' = -5")]
    public void SecondGenerationKeysAreChecked(string key, string value, string reason) =>
        Assert.Contains(reason, Assert.Throws<ModelFormatException>(() => Read(With("pg2", key, value))).Message);

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"model_type\":\"paligemma\",\"model_type\":\"paligemma\"}")]
    [InlineData("{\"model_type\":\"\\ud800\"}")]
    [InlineData("{} x")]
    public void DamagedJsonIsRefused(string json) =>
        Assert.StartsWith("config.json ", Assert.Throws<ModelFormatException>(() => Read(json)).Message);

    [Theory]
    [InlineData("""{"eos_token_id":[1,107]}""", new[] { 1, 107 }, 2)]
    [InlineData("""{"eos_token_id":5,"bos_token_id":7}""", new[] { 5 }, 7)]
    [InlineData("""{"eos_token_id":null}""", new[] { 1 }, 2)]
    [InlineData("""{"eos_token_id":[]}""", new[] { 1 }, 2)]
    public void GenerationFileComesFirst(string json, int[] eos, int bos)
    {
        PaliGemmaConfig config = ConfigReader.WithGeneration(ReadGolden("pg1"), Encoding.UTF8.GetBytes(json), "generation_config.json");
        Assert.Equal(eos, config.EosTokenIds);
        Assert.Equal(bos, config.BosTokenId);
    }
}
