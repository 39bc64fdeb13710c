using VlmSharp.Generation;

namespace VlmSharp.Explain;

/// <summary>The name of a model on a page.</summary>
internal static class ModelLabel
{
    /// <summary>The names of the folder and its parent: together they tell models apart.</summary>
    public static string Of(VisionLanguageModel model)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(model.Checkpoint.Directory));
        string?[] names = [Path.GetFileName(Path.GetDirectoryName(full)), Path.GetFileName(full)];
        return string.Join('/', names.Where(name => !string.IsNullOrEmpty(name)));
    }
}
