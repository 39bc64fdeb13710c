using System.Collections.Immutable;
using VlmSharp.Formats;
using VlmSharp.Models;

namespace VlmSharp.Checkpoints;

/// <summary>
/// Reads config.json and generation_config.json. Published files leave out every key that equals the default of the library that wrote
/// them; those defaults are stated here, once. Bounds keep later products of sizes within 32 bits.
/// </summary>
internal static class ConfigReader
{
    private const string PaliGemma = "paligemma";
    private const string Activation = "gelu_pytorch_tanh";
    private const string Fetch =
        "get the safetensors files in BF16, F16 or F32 that this model was made from, which 'vlmsharp quantize' can make smaller";

    private const int MostWidth = 1 << 15;
    private const int MostIntermediate = 1 << 16;
    private const int MostLayers = 512;
    private const int MostHeads = 512;
    private const int MostHeadDim = 1024;
    private const int MostVocabulary = 1 << 21;
    private const int MostPositions = 1 << 20;
    private const int MostPatchesPerSide = 128;
    private const int MostPatchSize = 256;

    /// <summary>Reads config.json.</summary>
    /// <param name="json">The file's bytes.</param>
    /// <param name="fileName">The file's name, for messages.</param>
    /// <returns>The model's configuration, with every default filled in.</returns>
    /// <exception cref="ModelFormatException">The file is damaged or describes a model that VlmSharp does not run.</exception>
    public static PaliGemmaConfig Read(ReadOnlySpan<byte> json, string fileName) =>
        JsonSection.Read(json, fileName, ReadModel);

    /// <summary>
    /// Whether config.json itself says that it is of another model, or of weights that another program quantized. False for what cannot be
    /// read.
    /// </summary>
    /// <param name="json">The file's bytes.</param>
    /// <param name="fileName">The file's name, for messages.</param>
    public static bool NamesOther(ReadOnlySpan<byte> json, string fileName)
    {
        try
        {
            return JsonSection.Read(json, fileName, root =>
                root.HasSection("quantization") || root.HasSection("quantization_config") || IsOfKeras(root)
                    || root.Text("model_type") is not (null or PaliGemma));
        }
        catch (ModelFormatException)
        {
            return false;
        }
    }

    /// <summary>Applies generation_config.json: its token ids override those of config.json.</summary>
    /// <param name="config">The configuration from config.json.</param>
    /// <param name="json">The bytes of generation_config.json.</param>
    /// <param name="fileName">The file's name, for messages.</param>
    /// <returns>The configuration with the ids that end, start and pad a text.</returns>
    /// <exception cref="ModelFormatException">The file is damaged or an id is outside the vocabulary.</exception>
    public static PaliGemmaConfig WithGeneration(PaliGemmaConfig config, ReadOnlySpan<byte> json, string fileName)
    {
        ArgumentNullException.ThrowIfNull(config);
        return JsonSection.Read(json, fileName, root =>
        {
            int last = config.Text.VocabSize - 1;
            int[]? eos = root.Integers("eos_token_id", 0, last);
            return config with
            {
                BosTokenId = root.Integer("bos_token_id", config.BosTokenId, 0, last),
                EosTokenIds = eos is null ? config.EosTokenIds : [.. eos],
                PadTokenId = root.Integer("pad_token_id", config.PadTokenId, 0, last),
            };
        });
    }

    private static PaliGemmaConfig ReadModel(JsonSection root)
    {
        RequireModelType(root);
        // MLX describes its quantization under a key of its own; unquantized models have no such key.
        if (root.HasSection("quantization"))
            throw root.Error($"describes weights that MLX quantized, which VlmSharp does not read; {Fetch}");
        if (root.Section("quantization_config") is { } quantization) RequireReadable(root, quantization);
        JsonSection visionSection = root.Section("vision_config")
            ?? throw root.Error("has no 'vision_config'; without it the sizes of the vision tower are unknown");
        JsonSection textSection = root.Section("text_config")
            ?? throw root.Error("has no 'text_config'; without it the sizes of the decoder are unknown");

        VisionConfig vision = ReadVision(visionSection);
        TextConfig text = ReadText(textSection);
        int last = text.VocabSize - 1;
        int[] eos = root.Integers("eos_token_id", 0, last) ?? textSection.Integers("eos_token_id", 0, last) ?? [1];
        string imageKey = root.Has("image_token_id") ? "image_token_id" : "image_token_index";
        return new PaliGemmaConfig(
            vision,
            text,
            root.Integer(imageKey, 256000, 0, last),
            root.Integer("bos_token_id", textSection.Integer("bos_token_id", 2, 0, last), 0, last),
            [.. eos],
            root.Integer("pad_token_id", textSection.Integer("pad_token_id", 0, 0, last), 0, last),
            root.Text("dtype") ?? root.Text("torch_dtype") ?? textSection.Text("torch_dtype") ?? "float32")
        {
            TiesHead = root.Flag("tie_word_embeddings", textSection.Flag("tie_word_embeddings", true)),
        };
    }

    private static void RequireReadable(JsonSection root, JsonSection quantization)
    {
        bool in4Bits = quantization.Flag("load_in_4bit", false), in8Bits = quantization.Flag("load_in_8bit", false);
        // Early files of bitsandbytes have no quant_method.
        string? method = quantization.Text("quant_method") ?? (in4Bits || in8Bits ? BitsAndBytes.Method : null);
        if (method == TensorNames.QuantizationMethod) return;
        if (method != BitsAndBytes.Method)
        {
            string whose = method is null ? "another program's" : MessageText.Quote(method);
            throw root.Error($"describes quantized weights of {whose} kind, which VlmSharp does not read; {Fetch}");
        }

        // An absent key means FP4 to the library that wrote the file.
        string format = in8Bits ? "LLM.int8"
            : in4Bits ? (quantization.Text("bnb_4bit_quant_type") ?? "fp4").ToUpperInvariant()
            : "neither 4 nor 8 bits";
        if (format != "NF4")
            throw root.Error($"describes weights that bitsandbytes quantized to {MessageText.Quote(format)}: {BitsAndBytes.OnlyNf4}");
        if (quantization.Text("bnb_4bit_quant_storage") is not ("uint8" or null) and var storage)
        {
            throw root.Error(
                $"says that 4-bit weights are stored as {MessageText.Quote(storage)} "
                + $"({quantization.KeyPath("bnb_4bit_quant_storage")}); VlmSharp reads them as uint8");
        }
    }

    private static void RequireModelType(JsonSection root)
    {
        switch (root.Text("model_type"))
        {
            case PaliGemma:
                return;
            case null when IsOfKeras(root):
                throw root.Error($"describes a Keras model; {Fetch}");
            case null:
                throw root.Error("has no 'model_type'; VlmSharp runs models of type 'paligemma'");
            case "gemma3":
                throw root.Error("describes a Gemma 3 model; VlmSharp runs PaliGemma and PaliGemma 2 (model_type 'paligemma')");
            case ("gemma" or "gemma2" or "siglip" or "siglip_vision_model") and string part:
                throw root.Error(
                    $"describes a model of type {MessageText.Quote(part)}, which is a part of PaliGemma; give the folder of a whole one");
            case string other:
                throw root.Error($"describes a model of type {MessageText.Quote(other)}; VlmSharp runs models of type 'paligemma'");
        }
    }

    private static bool IsOfKeras(JsonSection root) => root.Has("registered_name") || root.Has("class_name");

    private static VisionConfig ReadVision(JsonSection section)
    {
        if (section.Text("model_type") is string type && type != "siglip_vision_model")
            throw section.Error($"has a vision tower of type {MessageText.Quote(type)}; VlmSharp runs 'siglip_vision_model'");
        RequireActivation(section, "hidden_act");
        // An absent key means true to the library that wrote the file: it would build a pooling head.
        if (section.Flag("vision_use_head", true))
        {
            throw section.Error(
                $"asks for a pooling head on the vision tower ({section.KeyPath("vision_use_head")} is true or absent), "
                + "which PaliGemma does not have; set it to false if the checkpoint stores no such head");
        }
        if (section.Integer("num_channels", 3, 1, MostWidth) is not 3 and int channels)
            throw section.Error($"has {section.KeyPath("num_channels")} = {channels}; VlmSharp reads pictures of 3 channels");

        int hidden = section.Integer("hidden_size", 768, 1, MostWidth);
        int heads = section.Integer("num_attention_heads", 12, 1, MostHeads);
        int patch = section.Integer("patch_size", 16, 1, MostPatchSize);
        int image = section.Integer("image_size", 224, 1, MostPatchesPerSide * MostPatchSize);
        if (hidden % heads != 0)
            throw section.Error($"has {section.KeyPath("hidden_size")} = {hidden}, which its {heads} attention heads do not divide");
        if (image % patch != 0)
            throw section.Error($"has {section.KeyPath("image_size")} = {image}, which is not a multiple of the patch size {patch}");
        if (image / patch > MostPatchesPerSide)
            throw section.Error($"asks for {image / patch} patches along a side of the picture; VlmSharp allows {MostPatchesPerSide}");
        return new VisionConfig(
            hidden,
            section.Integer("intermediate_size", 3072, 1, MostIntermediate),
            section.Integer("num_hidden_layers", 12, 1, MostLayers),
            heads,
            patch,
            image,
            (float)section.Positive("layer_norm_eps", 1e-6, 1));
    }

    /// <summary>The values that the files of a decoder family leave out.</summary>
    private sealed record TextDefaults(int Hidden, int Intermediate, int Layers, int Heads, int KvHeads);

    private static TextConfig ReadText(JsonSection section)
    {
        string type = section.Text("model_type") ?? "gemma";
        TextDefaults defaults = type switch
        {
            "gemma" => new(3072, 24576, 28, 16, 16),
            "gemma2" => new(2304, 9216, 26, 8, 4),
            _ => throw section.Error($"has a decoder of type {MessageText.Quote(type)}; VlmSharp runs 'gemma' and 'gemma2'"),
        };
        bool isGemma2 = type == "gemma2";
        // Early Gemma files say hidden_act "gelu" but mean the tanh form, so "gelu" is accepted in that key.
        RequireActivation(section, "hidden_activation");
        if (!section.Has("hidden_activation") && section.Text("hidden_act") != "gelu") RequireActivation(section, "hidden_act");
        if (section.Flag("attention_bias", false))
            throw section.Error($"has {section.KeyPath("attention_bias")} = true; the decoder of PaliGemma has no biases");

        int layers = section.Integer("num_hidden_layers", defaults.Layers, 1, MostLayers);
        int heads = section.Integer("num_attention_heads", defaults.Heads, 1, MostHeads);
        int kvHeads = section.Integer("num_key_value_heads", defaults.KvHeads, 1, MostHeads);
        int headDim = section.Integer("head_dim", 256, 2, MostHeadDim);
        if (heads % kvHeads != 0)
            throw section.Error($"has {heads} attention heads, which is not a multiple of its {kvHeads} key and value heads");
        if (headDim % 2 != 0)
            throw section.Error($"has {section.KeyPath("head_dim")} = {headDim}; rotary positions need an even number");
        if (heads * headDim > 2 * MostWidth)
            throw section.Error($"has {heads} heads of {headDim}; VlmSharp allows {2 * MostWidth} values in all heads together");

        double scalar = isGemma2 ? section.Positive("query_pre_attn_scalar", 256, 1e6) : headDim;
        int window = isGemma2 ? ReadOrNone(section, "sliding_window", 4096) : 0;
        return new TextConfig(
            type,
            section.Integer("hidden_size", defaults.Hidden, 1, MostWidth),
            section.Integer("intermediate_size", defaults.Intermediate, 1, MostIntermediate),
            layers,
            heads,
            kvHeads,
            headDim,
            section.Integer("vocab_size", 256000, 1, MostVocabulary),
            (float)section.Positive("rms_norm_eps", 1e-6, 1),
            ReadRopeBase(section),
            section.Integer("max_position_embeddings", 8192, 1, MostPositions),
            (float)Math.Pow(scalar, -0.5),
            isGemma2 ? ReadCap(section, "attn_logit_softcapping", 50) : 0,
            isGemma2 ? ReadCap(section, "final_logit_softcapping", 30) : 0,
            window,
            ReadSlidingLayers(section, layers, window),
            isGemma2);
    }

    private static void RequireActivation(JsonSection section, string key)
    {
        if (section.Text(key) is string given && given != Activation)
            throw section.Error($"has {section.KeyPath(key)} = {MessageText.Quote(given)}; VlmSharp runs '{Activation}'");
    }

    /// <summary>A soft cap: null switches it off, an absent key means the default.</summary>
    private static float ReadCap(JsonSection section, string key, float fallback)
    {
        if (!section.Mentions(key)) return fallback;
        return section.Has(key) ? (float)section.Positive(key, fallback, 1e6) : 0;
    }

    private static int ReadOrNone(JsonSection section, string key, int fallback)
    {
        if (!section.Mentions(key)) return fallback;
        return section.Has(key) ? section.Integer(key, fallback, 1, int.MaxValue) : 0;
    }

    private static float ReadRopeBase(JsonSection section)
    {
        RequirePlainRope(section.Section("rope_scaling"));
        JsonSection? parameters = section.Section("rope_parameters");
        RequirePlainRope(parameters);
        double outer = section.Positive("rope_theta", 10000, 1e9);
        return (float)(parameters?.Positive("rope_theta", outer, 1e9) ?? outer);
    }

    private static void RequirePlainRope(JsonSection? section)
    {
        if (section is not JsonSection rope) return;
        string key = rope.Has("rope_type") ? "rope_type" : "type";
        if (rope.Text(key) is string type && type != "default")
            throw rope.Error($"has {rope.KeyPath(key)} = {MessageText.Quote(type)}; VlmSharp runs unscaled rotary positions ('default')");
    }

    private static ImmutableArray<bool> ReadSlidingLayers(JsonSection section, int layers, int window)
    {
        if (window == 0) return [.. new bool[layers]];
        List<string>? types = section.Texts("layer_types");
        // Without a list, the even layers, counted from 0, use the sliding window.
        if (types is null) return [.. Enumerable.Range(0, layers).Select(layer => layer % 2 == 0)];
        if (types.Count != layers)
            throw section.Error($"lists {types.Count} entries in {section.KeyPath("layer_types")} for {layers} layers");
        return [.. types.Select(type => type switch
        {
            "sliding_attention" => true,
            "full_attention" => false,
            _ => throw section.Error(
                $"has {MessageText.Quote(type)} in {section.KeyPath("layer_types")}, "
                + "where 'sliding_attention' or 'full_attention' belongs"),
        })];
    }
}
