using VlmSharp.Checkpoints;

namespace VlmSharp.Adapters;

/// <summary>
/// The names that libraries have given to a linear layer over time. An adapter's patterns may be written for any of them.
/// <code>
/// canonical, transformers before 4.52   language_model.model.layers.0.mlp.up_proj
///                                       vision_tower.vision_model.encoder.layers.0.mlp.fc1
/// transformers 4.52                     model.language_model.layers.0.mlp.up_proj
///                                       model.vision_tower.vision_model.encoder.layers.0.mlp.fc1
/// transformers 5                        model.language_model.layers.0.mlp.up_proj
///                                       model.vision_tower.encoder.layers.0.mlp.fc1
/// </code>
/// </summary>
internal static class ModuleNames
{
    /// <summary>The number of namings.</summary>
    public const int Namings = 3;

    /// <summary>The prefix that PEFT puts before every name.</summary>
    public const string Prefix = "base_model.model.";

    /// <summary>The name in one of the namings.</summary>
    /// <param name="canonical">The canonical name.</param>
    /// <param name="naming">0 for the canonical one, then in the order above.</param>
    public static string In(string canonical, int naming)
    {
        const string Decoder = TensorNames.Decoder + "model.", Vision = TensorNames.VisionTower + "vision_model.";
        if (naming == 0) return canonical;
        if (canonical.StartsWith(Decoder, StringComparison.Ordinal)) return $"model.{TensorNames.Decoder}{canonical[Decoder.Length..]}";
        if (naming == 2 && canonical.StartsWith(Vision, StringComparison.Ordinal))
            return $"model.{TensorNames.VisionTower}{canonical[Vision.Length..]}";
        return $"model.{canonical}";
    }

    /// <summary>The name in every naming.</summary>
    public static IEnumerable<string> All(string canonical) =>
        Enumerable.Range(0, Namings).Select(naming => In(canonical, naming)).Distinct();
}
