namespace VlmSharp.Hub;

/// <summary>A file that a pull brings.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Present">Bytes of it that are in the cache already.</param>
public sealed record HubPlanFile(string Name, long Size, long Present);
