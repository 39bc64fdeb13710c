using VlmSharp.Generation;

namespace VlmSharp.Explain;

/// <summary>What a page calls a model.</summary>
internal static class ModelLabel
{
    /// <summary>The folder and the one it is in: models are told apart by both.</summary>
    public static string Of(VisionLanguageModel model)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(model.Checkpoint.Directory));
        return string.Join('/', new[] { Path.GetFileName(Path.GetDirectoryName(full)), Path.GetFileName(full) }.Where(n => !string.IsNullOrEmpty(n)));
    }
}
