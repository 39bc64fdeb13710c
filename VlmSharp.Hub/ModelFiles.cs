using System.Text.RegularExpressions;

namespace VlmSharp.Hub;

/// <summary>The files of a repository that make a model: configuration, tokenizer, safetensors. Others are not downloaded.</summary>
/// <param name="Needed">The files to download, small ones first.</param>
/// <param name="Skipped">The other files.</param>
/// <param name="Absent">File names that tools look for but the repository does not have.</param>
internal sealed partial record ModelFiles(IReadOnlyList<string> Needed, IReadOnlyList<string> Skipped, IReadOnlyList<string> Absent)
{
    public const string Config = "config.json", Weights = "model.safetensors", Index = "model.safetensors.index.json";

    private static readonly string[] Small =
    [
        Config, "generation_config.json", "preprocessor_config.json", "processor_config.json", "tokenizer.json", "tokenizer.model",
        "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.json", "chat_template.jinja",
    ];

    private static readonly string[] Other = [".npz", ".bin", ".pt", ".pth", ".ckpt", ".msgpack", ".h5", ".gguf", ".onnx"];

    /// <summary>Selects files from a listing.</summary>
    /// <param name="model">The model's name, for messages.</param>
    /// <param name="files">All files of the repository.</param>
    /// <returns>The selection.</returns>
    /// <exception cref="HubException">The files contain no model.</exception>
    public static ModelFiles Choose(string model, IReadOnlyList<string> files)
    {
        var all = files.ToHashSet(StringComparer.Ordinal);
        if (!all.Contains(Config)) throw HubErrors.NotAModel(model, $"no {Config}");
        string[] shards = [.. all.Where(name => ShardName().IsMatch(name)).Order(StringComparer.Ordinal)];
        string[] weights = all.Contains(Index) && shards.Length > 0 ? [Index, .. shards]
            : all.Contains(Weights) ? [Weights]
            : throw HubErrors.NotAModel(model, $"no weights as safetensors{Instead(all)}");
        string[] needed = [.. Small.Where(all.Contains), .. weights];
        return new ModelFiles(
            needed,
            [.. files.Except(needed, StringComparer.Ordinal)],
            [.. Small.Concat([Weights, Index]).Where(name => !all.Contains(name))]);
    }

    /// <summary>Names weights in another format, as the end of a sentence; empty if there are none.</summary>
    private static string Instead(HashSet<string> all) =>
        all.Order(StringComparer.Ordinal)
            .FirstOrDefault(name => Other.Any(end => name.EndsWith(end, StringComparison.OrdinalIgnoreCase))) is { } name
            ? $" but {name}"
            : "";

    [GeneratedRegex(@"^model-\d{1,6}-of-\d{1,6}\.safetensors\z", RegexOptions.CultureInvariant)]
    private static partial Regex ShardName();
}
