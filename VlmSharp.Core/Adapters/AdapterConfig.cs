using System.Text.Json;
using VlmSharp.Checkpoints;
using VlmSharp.Formats;

namespace VlmSharp.Adapters;

/// <summary>
/// The contents of PEFT's <c>adapter_config.json</c> for a LoRA adapter (Hu et al. 2022). A file that asks for something VlmSharp cannot
/// compute is an error. Unknown keys are ignored, as in PEFT.
/// </summary>
public sealed record AdapterConfig
{
    /// <summary>The file's name.</summary>
    public const string FileName = "adapter_config.json";

    /// <summary>The largest rank that is accepted; every layer is narrower.</summary>
    internal const int MostRank = 1 << 16;

    private const double MostAlpha = 1e6;
    private const int MostLayers = 100_000;

    /// <summary>The key <c>r</c>: rows of A and columns of B.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>The key <c>lora_alpha</c>: the product's scale is alpha / rank.</summary>
    public double Alpha { get; init; } = 8;

    /// <summary>The key <c>use_rslora</c>: the scale is alpha / sqrt(rank) instead (Kalajdzievski 2023).</summary>
    public bool UseRsLora { get; init; }

    /// <summary>The key <c>lora_dropout</c>, the share of the inputs of A that training drops: at least 0 and below 1.</summary>
    public double Dropout { get; init; }

    /// <summary>The key <c>target_modules</c>: the linear layers that get an A and a B.</summary>
    public ModulePattern TargetModules { get; init; } = ModulePattern.OfExpression(ModulePattern.AllLinear);

    /// <summary>The key <c>exclude_modules</c>: the layers that are excluded from them, or null.</summary>
    public ModulePattern? ExcludeModules { get; init; }

    /// <summary>The key <c>layers_to_transform</c>: the numbers of the layers to adapt, or null for all.</summary>
    public IReadOnlyList<int>? LayersToTransform { get; init; }

    /// <summary>The key <c>layers_pattern</c>: the words that may precede a layer's number; empty for any word.</summary>
    public IReadOnlyList<string> LayersPattern { get; init; } = [];

    /// <summary>
    /// The key <c>rank_pattern</c>: ranks for particular layers. Each key is a regular expression for the end of a name; the first match
    /// counts.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, int>> RankPattern { get; init; } = [];

    /// <summary>The key <c>alpha_pattern</c>: the same for alphas.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> AlphaPattern { get; init; } = [];

    /// <summary>The key <c>base_model_name_or_path</c>, for people and for PEFT; or null.</summary>
    public string? BaseModel { get; init; }

    /// <summary>Reads the file's content.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="fileName">The file, for messages.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="ModelFormatException">The file is damaged, or asks for something VlmSharp cannot compute.</exception>
    public static AdapterConfig FromJson(ReadOnlySpan<byte> json, string fileName) => JsonSection.Read(json, fileName, root =>
    {
        Refuse(root);
        return new AdapterConfig
        {
            Rank = root.Integer("r", 8, 1, MostRank),
            Alpha = root.Positive("lora_alpha", 8, MostAlpha),
            UseRsLora = root.Flag("use_rslora", false),
            Dropout = root.Share("lora_dropout", 0),
            TargetModules = Pattern(root, "target_modules")
                ?? throw root.Error("has no 'target_modules', so nothing says which layers the adapter is for"),
            ExcludeModules = Pattern(root, "exclude_modules"),
            LayersToTransform = root.Integers("layers_to_transform", 0, MostLayers),
            LayersPattern = root.HasText("layers_pattern") ? [root.Text("layers_pattern")!] : root.Texts("layers_pattern") ?? [],
            RankPattern = Map(root, "rank_pattern", (section, key) => section.Integer(key, 0, 1, MostRank)),
            AlphaPattern = Map(root, "alpha_pattern", (section, key) => section.Positive(key, 0, MostAlpha)),
            BaseModel = root.Text("base_model_name_or_path"),
        };
    });

    /// <summary>Reads the configuration of an adapter's folder.</summary>
    /// <param name="directory">Holds <c>adapter_config.json</c>.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="ModelFormatException">The file is missing or damaged, or asks for something VlmSharp cannot compute.</exception>
    public static AdapterConfig Read(string directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        string path = Path.Combine(directory, FileName);
        return FromJson(CheckpointFolder.ReadSmall(path), path);
    }

    /// <summary>The file's content with every key that PEFT writes.</summary>
    /// <returns>UTF-8.</returns>
    public byte[] ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true })) Write(json);
        return buffer.ToArray();
    }

    private void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        WriteMap(json, "alpha_pattern", AlphaPattern, json.WriteNumber);
        json.WriteNull("auto_mapping");
        json.WriteString("base_model_name_or_path", BaseModel);
        json.WriteString("bias", "none");
        json.WriteNull("eva_config");
        WritePattern(json, "exclude_modules", ExcludeModules);
        json.WriteBoolean("fan_in_fan_out", false);
        json.WriteBoolean("inference_mode", true);
        json.WriteBoolean("init_lora_weights", true);
        json.WriteNull("layer_replication");
        WritePattern(json, "layers_pattern", LayersPattern.Count > 0 ? ModulePattern.OfNames(LayersPattern) : null);
        WriteList(json, "layers_to_transform", LayersToTransform, json.WriteNumberValue);
        json.WriteStartObject("loftq_config");
        json.WriteEndObject();
        json.WriteNumber("lora_alpha", Alpha);
        json.WriteBoolean("lora_bias", false);
        json.WriteNumber("lora_dropout", Dropout);
        json.WriteNull("megatron_config");
        json.WriteString("megatron_core", "megatron.core");
        json.WriteNull("modules_to_save");
        json.WriteString("peft_type", "LORA");
        json.WriteNumber("r", Rank);
        WriteMap(json, "rank_pattern", RankPattern, json.WriteNumber);
        json.WriteNull("revision");
        WritePattern(json, "target_modules", TargetModules);
        json.WriteString("task_type", "CAUSAL_LM");
        json.WriteBoolean("use_dora", false);
        json.WriteBoolean("use_rslora", UseRsLora);
        json.WriteEndObject();
    }

    private static void WritePattern(Utf8JsonWriter json, string name, ModulePattern? pattern)
    {
        if (pattern?.Expression is { } expression) json.WriteString(name, expression);
        else WriteList(json, name, pattern?.Names, json.WriteStringValue);
    }

    private static void WriteList<T>(Utf8JsonWriter json, string name, IReadOnlyList<T>? list, Action<T> write)
    {
        if (list is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartArray(name);
        foreach (T item in list) write(item);
        json.WriteEndArray();
    }

    private static void WriteMap<T>(Utf8JsonWriter json, string name, IReadOnlyList<KeyValuePair<string, T>> map, Action<string, T> write)
    {
        json.WriteStartObject(name);
        foreach ((string key, T value) in map) write(key, value);
        json.WriteEndObject();
    }

    private static ModulePattern? Pattern(JsonSection root, string name)
    {
        if (root.HasText(name)) return ModulePattern.OfExpression(root.Text(name)!);
        return root.Texts(name) is { Count: > 0 } names ? ModulePattern.OfNames(names) : null;
    }

    private static List<KeyValuePair<string, T>> Map<T>(JsonSection root, string name, Func<JsonSection, string, T> read) =>
        root.Section(name) is { } section ? [.. section.Keys().Select(key => KeyValuePair.Create(key, read(section, key)))] : [];

    /// <summary>Throws if the layers are to compute anything but W x + scale * B (A x).</summary>
    private static void Refuse(JsonSection root)
    {
        string kind = root.Text("peft_type") ?? throw root.Error("has no 'peft_type': it is not the configuration of a PEFT adapter");
        if (kind != "LORA") throw root.Error($"is that of an adapter of type {MessageText.Quote(kind)}, and VlmSharp reads LORA alone");
        if (root.Flag("use_dora", false))
            throw root.Error("asks for DoRA ('use_dora'), which VlmSharp does not compute; "
                + "merge the adapter with PEFT and use the merged model");
        if (root.Text("bias") is { } bias && bias != "none")
            throw root.Error($"has trained biases ('bias' is {MessageText.Quote(bias)}), which VlmSharp does not read; "
                + "merge the adapter with PEFT");
        if (root.Flag("lora_bias", false))
            throw root.Error("has biases in its products ('lora_bias'), which VlmSharp does not read; merge the adapter with PEFT");
        // PEFT writes these as lists, texts or objects. Only null and empty values leave the base model unchanged.
        string[] refused =
            ["modules_to_save", "layer_replication", "trainable_token_indices", "target_parameters", "alora_invocation_tokens"];
        foreach (string key in refused)
        {
            if (!root.IsEmpty(key))
                throw root.Error($"has {root.KeyPath(key)}, which changes more than linear layers and which VlmSharp does not read; "
                    + "merge the adapter with PEFT");
        }

        if (root.HasText("init_lora_weights") && root.Text("init_lora_weights") is { } start and not ("gaussian" or "eva" or "orthogonal"))
            throw root.Error($"begins from base weights that were changed ('init_lora_weights' is {MessageText.Quote(start)}); "
                + "save it with PEFT as an adapter of the unchanged model (path_initial_model_for_weight_conversion)");
    }
}
