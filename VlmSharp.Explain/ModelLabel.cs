using VlmSharp.Generation;

namespace VlmSharp.Explain;

/// <summary>What a page calls a model.</summary>
internal static class ModelLabel
{
    /// <summary>The folder and the one it is in: models are told apart by both.</summary>
    public static string Of(VisionLanguageModel model)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(model.Checkpoint.Directory));
        string?[] names = [Path.GetFileName(Path.GetDirectoryName(full)), Path.GetFileName(full)];
        return string.Join('/', names.Where(name => !string.IsNullOrEmpty(name)));
    }
}
