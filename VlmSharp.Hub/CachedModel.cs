namespace VlmSharp.Hub;

/// <summary>A model in the cache.</summary>
/// <param name="Model">Its name and the revision by which it was found; the commit itself if no branch or tag refers to it.</param>
/// <param name="Commit">The commit, 40 digits.</param>
/// <param name="Path">The snapshot's folder.</param>
/// <param name="Bytes">Size of its files in bytes.</param>
/// <param name="MissingFile">A required file that is missing; null if the model is complete.</param>
public sealed record CachedModel(HubModel Model, string Commit, string Path, long Bytes, string? MissingFile);
