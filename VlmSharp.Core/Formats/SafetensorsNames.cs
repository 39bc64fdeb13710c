namespace VlmSharp.Formats;

/// <summary>
/// The names of a model's safetensors files: one file, or shards and an index that says which shard has which tensor.
/// </summary>
internal static class SafetensorsNames
{
    public const string Whole = "model.safetensors";
    public const string Index = "model.safetensors.index.json";

    /// <summary>The name of a shard.</summary>
    /// <param name="number">The shard's number, from 1.</param>
    /// <param name="count">The number of shards.</param>
    public static string Shard(int number, int count) => $"model-{number:D5}-of-{count:D5}.safetensors";
}
