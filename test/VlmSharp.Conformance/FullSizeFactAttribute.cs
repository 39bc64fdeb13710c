namespace VlmSharp.Conformance;

/// <summary>
/// A test on a checkpoint of the published size, 6 GB that is not in the repository. It runs if the environment variable
/// VLMSHARP_FULL_SIZE names a folder that holds <c>paligemma-3b-224</c> and <c>paligemma2-3b-224</c>; otherwise it is skipped with a
/// reason.
/// </summary>
public sealed class FullSizeFactAttribute : FactAttribute
{
    /// <summary>Sets the reason if the variable is not set.</summary>
    public FullSizeFactAttribute()
    {
        if (Folder is not null) return;
        Skip = "VLMSHARP_FULL_SIZE does not name a folder with the full-size checkpoints; docs/full-size.md says how to write them.";
    }

    /// <summary>The folder, or null.</summary>
    public static string? Folder => Environment.GetEnvironmentVariable("VLMSHARP_FULL_SIZE");
}
