namespace VlmSharp.Formats;

/// <summary>
/// How the safetensors files of a model are called: one file, or shards and the index that says which tensor is in which.
/// </summary>
internal static class SafetensorsNames
{
    public const string Whole = "model.safetensors";
    public const string Index = "model.safetensors.index.json";

    /// <summary>The name of a shard.</summary>
    /// <param name="number">Which one, from 1.</param>
    /// <param name="count">How many there are.</param>
    public static string Shard(int number, int count) => $"model-{number:D5}-of-{count:D5}.safetensors";
}
