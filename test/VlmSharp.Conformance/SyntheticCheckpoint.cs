using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Formats;
using VlmSharp.Models;

namespace VlmSharp.Conformance;

/// <summary>
/// A checkpoint of any size whose every weight follows from its name, so that full-size tests need no download. The
/// reference's logits for these weights are in <c>test/golden/full-size</c>.
/// </summary>
/// <remarks>
/// Element i of tensor NAME, row-major: seed = FNV-1a-64(NAME); z = SplitMix64 finalizer of seed + (i/4 + 1) * 0x9E3779B97F4A7C15;
/// u = 16 bits of z, from bit 16 * (i mod 4); x = offset + (u - 32767.5) * (scale / 32768) in float32; the weight is x rounded
/// to bfloat16. Offset and scale depend on the tensor: see <see cref="Rule"/>.
/// </remarks>
public static class SyntheticCheckpoint
{
    private const int VocabSize = 257216;

    /// <summary>The published shapes that can be written.</summary>
    public static IReadOnlyDictionary<string, PaliGemmaConfig> Shapes { get; } = new Dictionary<string, PaliGemmaConfig>
    {
        ["paligemma-3b-224"] = Config(224, 2048, 16384, 18, 8, 1, gemma2: false),
        ["paligemma-3b-448"] = Config(448, 2048, 16384, 18, 8, 1, gemma2: false),
        ["paligemma2-3b-224"] = Config(224, 2304, 9216, 26, 8, 4, gemma2: true),
    };

    /// <summary>
    /// Writes a folder: config.json, preprocessor_config.json, model.safetensors. There is no tokenizer: prompts are token ids.
    /// </summary>
    public static void Write(string directory, PaliGemmaConfig config)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "config.json"), ConfigJson(config));
        SafetensorsWriter.Write(Path.Combine(directory, "model.safetensors"), TensorTable.For(config).Select(spec =>
            new TensorToWrite(spec.Name, SafetensorsType.BF16, spec.Shape, stream => WriteValues(stream, spec))));
    }

    /// <summary>Writes one tensor's bfloat16 bytes.</summary>
    internal static void WriteValues(Stream stream, TensorSpec spec)
    {
        (double offset, double scale) = Rule(spec);
        WriteValues(stream, spec.Name, spec.Elements, offset, scale);
    }

    /// <summary>The numbers of a tensor that has its own offset and scale.</summary>
    public static float[] Values(string name, long elements, double offset, double scale)
    {
        using var stream = new MemoryStream();
        WriteValues(stream, name, elements, offset, scale);
        var values = new float[elements];
        for (int i = 0; i < values.Length; i++)
            values[i] = BFloat16.ToSingle(BinaryPrimitives.ReadUInt16LittleEndian(stream.GetBuffer().AsSpan(2 * i)));
        return values;
    }

    private static void WriteValues(Stream stream, string name, long elements, double offset, double scale)
    {
        ulong seed = 0xcbf29ce484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(name)) seed = (seed ^ b) * 0x100000001b3;
        ushort[] table = Table(offset, scale);
        byte[] block = new byte[1 << 16];
        for (long i = 0; i < elements;)
        {
            int filled = 0;
            for (; filled < block.Length && i < elements; filled += 2, i++)
            {
                ulong z = Mix(seed + ((ulong)(i / 4) + 1) * 0x9E3779B97F4A7C15);
                BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(filled), table[(ushort)(z >> (int)(16 * (i % 4)))]);
            }

            stream.Write(block, 0, filled);
        }
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>The weight for each of the 65,536 values of u.</summary>
    private static ushort[] Table(double offset, double scale)
    {
        float start = (float)offset, step = (float)(scale / 32768);
        ushort[] table = new ushort[65536];
        for (int u = 0; u < table.Length; u++)
        {
            float product = (float)(u - 32767.5) * step; // rounded before the sum: two roundings
            table[u] = BFloat16.FromSingle(start + product);
        }

        return table;
    }

    /// <summary>Where a tensor's values lie: offset - scale to offset + scale.</summary>
    private static (double Offset, double Scale) Rule(TensorSpec spec)
    {
        bool Has(string part) => spec.Name.Contains(part, StringComparison.Ordinal);
        bool bias = spec.Name.EndsWith("bias", StringComparison.Ordinal);
        if (spec.Name.EndsWith("model.norm.weight", StringComparison.Ordinal)) return (16, 2);
        if (Has("vision_tower") && Has("norm")) return bias ? (0, 0.1) : (1, 0.2);
        if (Has("norm")) return (0, 0.2);
        if (bias) return (0, 0.1);
        if (Has("embed_tokens")) return (0, 0.01);
        if (Has("position_embedding")) return (0, 0.5);
        return (0, 1.6 * Math.Sqrt(3.0 * spec.Shape[0] / spec.Elements));
    }

    private static PaliGemmaConfig Config(int image, int h, int mlp, int layers, int heads, int kvHeads, bool gemma2) => new(
        new VisionConfig(1152, 4304, 27, 16, 14, image, 1e-6f),
        new TextConfig(gemma2 ? "gemma2" : "gemma", h, mlp, layers, heads, kvHeads, 256, VocabSize, 1e-6f, 10000, 8192, 1f / 16,
            gemma2 ? 50 : 0, gemma2 ? 30 : 0, gemma2 ? 4096 : 0,
            [.. Enumerable.Range(0, layers).Select(i => gemma2 && i % 2 == 0)], gemma2),
        257152, 2, [1], 0, "bfloat16");

    private static string ConfigJson(PaliGemmaConfig config)
    {
        VisionConfig v = config.Vision;
        TextConfig t = config.Text;
        using var buffer = new MemoryStream();
        using (var o = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            o.WriteStartObject();
            o.WriteString("model_type", "paligemma");
            Numbers(o, ("bos_token_id", 2), ("eos_token_id", 1), ("pad_token_id", 0), ("image_token_index", config.ImageTokenId),
                ("projection_dim", t.HiddenSize), ("vocab_size", t.VocabSize));
            o.WriteString("torch_dtype", "bfloat16");
            o.WriteStartObject("text_config");
            o.WriteString("model_type", t.ModelType);
            Numbers(o, ("hidden_size", t.HiddenSize), ("intermediate_size", t.IntermediateSize), ("num_hidden_layers", t.Layers),
                ("num_attention_heads", t.Heads), ("num_key_value_heads", t.KvHeads), ("head_dim", t.HeadDim), ("vocab_size", t.VocabSize));
            if (t.HasPostNorms)
            {
                Numbers(o, ("query_pre_attn_scalar", 256), ("sliding_window", t.SlidingWindow),
                    ("attn_logit_softcapping", t.AttentionSoftCap), ("final_logit_softcapping", t.FinalSoftCap));
            }

            o.WriteEndObject();
            o.WriteStartObject("vision_config");
            o.WriteString("model_type", "siglip_vision_model");
            Numbers(o, ("hidden_size", v.HiddenSize), ("intermediate_size", v.IntermediateSize), ("num_hidden_layers", v.Layers),
                ("num_attention_heads", v.Heads), ("patch_size", v.PatchSize), ("image_size", v.ImageSize));
            o.WriteBoolean("vision_use_head", false);
            o.WriteEndObject();
            o.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Numbers(Utf8JsonWriter o, params ReadOnlySpan<(string Name, double Value)> members)
    {
        foreach ((string name, double value) in members) o.WriteNumber(name, value);
    }
}
