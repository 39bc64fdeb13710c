namespace VlmSharp.Hub;

/// <summary>What a pull would do.</summary>
/// <param name="Model">Name and revision, as they were asked for.</param>
/// <param name="Commit">The commit of its revision, 40 digits.</param>
/// <param name="Snapshot">The folder that will hold it.</param>
/// <param name="Files">The files of the model.</param>
/// <param name="Skipped">Files of the repository that are not downloaded: weights in other formats, pictures, notes.</param>
public sealed record HubPlan(
    HubModel Model,
    string Commit,
    string Snapshot,
    IReadOnlyList<HubPlanFile> Files,
    IReadOnlyList<string> Skipped)
{
    /// <summary>Size of all files in bytes.</summary>
    public long Size => Files.Sum(file => file.Size);

    /// <summary>Bytes to download.</summary>
    public long Missing => Files.Sum(file => file.Size - file.Present);

    /// <summary>File names that tools look for but the repository does not have.</summary>
    internal IReadOnlyList<string> Absent { get; init; } = [];

    internal IReadOnlyList<RemoteFile> Remote { get; init; } = [];
}
