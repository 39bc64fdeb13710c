namespace VlmSharp.Hub;

/// <summary>A file that a pull downloads.</summary>
/// <param name="Name">Its name in the repository, with its folders.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Present">Bytes of it that are already in the cache.</param>
public sealed record HubPlanFile(string Name, long Size, long Present);
