namespace VlmSharp.Checkpoints;

/// <summary>
/// Converts the dialects of tensor names to one: the names in the published files, called canonical here.
/// <code>
/// model.vision_tower.encoder.norm.weight    ->  vision_tower.vision_model.encoder.norm.weight
/// model.multi_modal_projector.linear.bias   ->  multi_modal_projector.linear.bias
/// model.language_model.norm.weight          ->  language_model.model.norm.weight
/// lm_head.weight                            ->  language_model.lm_head.weight
/// </code>
/// Canonical names and names of no known dialect stay as they are.
/// </summary>
internal static class TensorNames
{
    /// <summary>The embedding table, which is also the output head unless <see cref="Head"/> is stored.</summary>
    public const string Embedding = Decoder + "model.embed_tokens.weight";

    /// <summary>The output head. Some producers store it although it equals the embedding table.</summary>
    public const string Head = Decoder + "lm_head.weight";

    /// <summary>The name of VlmSharp's quantization method in config.json.</summary>
    public const string QuantizationMethod = "vlmsharp";

    /// <summary>The scales of a quantized matrix have the matrix's name with this ending.</summary>
    public const string ScaleSuffix = "_scale";

    public const string VisionTower = "vision_tower.";
    public const string Projector = "multi_modal_projector.";
    public const string Decoder = "language_model.";

    private const string VisionModel = "vision_model.";
    private const string TextModel = "model.";
    private const string BareHead = "lm_head.";

    /// <summary>Prefixes that wrappers put before every name.</summary>
    private static readonly string[] Wrappers = ["vlm.", "model."];

    /// <summary>Buffers that some producers store although they follow from the configuration.</summary>
    private static readonly string[] Buffers = ["position_ids", "inv_freq", "original_inv_freq", "embed_scale"];

    /// <summary>The canonical form of a name. Applying it twice is the same as once.</summary>
    /// <param name="name">A name as stored.</param>
    /// <returns>The canonical name, or <paramref name="name"/> itself when it is of no known dialect.</returns>
    public static string Normalize(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        ReadOnlySpan<char> rest = Unwrap(name);
        if (rest.StartsWith(VisionTower))
        {
            ReadOnlySpan<char> inner = rest[VisionTower.Length..];
            return inner.StartsWith(VisionModel) ? rest.ToString() : $"{VisionTower}{VisionModel}{inner}";
        }
        if (rest.StartsWith(Projector)) return rest.ToString();
        if (rest.StartsWith(BareHead)) return $"{Decoder}{rest}";
        if (rest.StartsWith(Decoder))
        {
            ReadOnlySpan<char> inner = rest[Decoder.Length..];
            return inner.StartsWith(TextModel) || inner.StartsWith(BareHead) ? rest.ToString() : $"{Decoder}{TextModel}{inner}";
        }
        return name;
    }

    /// <summary>Whether a name belongs to a buffer that follows from the configuration and is not read.</summary>
    /// <param name="name">A name in any dialect.</param>
    /// <returns>True for position ids, rotary frequencies and the embedding scale.</returns>
    public static bool IsDerivedBuffer(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        ReadOnlySpan<char> last = name.AsSpan(name.LastIndexOf('.') + 1);
        foreach (string buffer in Buffers)
            if (last.SequenceEqual(buffer)) return true;
        return false;
    }

    private static ReadOnlySpan<char> Unwrap(ReadOnlySpan<char> name)
    {
        for (int i = 0; i < Wrappers.Length; i++)
        {
            if (!name.StartsWith(Wrappers[i])) continue;
            name = name[Wrappers[i].Length..];
            i = -1; // Wrappers nest in any order: begin again.
        }
        return name;
    }
}
