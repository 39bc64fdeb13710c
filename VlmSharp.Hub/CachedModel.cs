namespace VlmSharp.Hub;

/// <summary>A model in the cache.</summary>
/// <param name="Model">Its name and the revision by which it was found; a commit where no other leads to it.</param>
/// <param name="Commit">The commit, 40 digits.</param>
/// <param name="Path">The snapshot's folder.</param>
/// <param name="Bytes">Bytes of its files.</param>
/// <param name="MissingFile">A file without which it cannot be used; null where it is whole.</param>
public sealed record CachedModel(HubModel Model, string Commit, string Path, long Bytes, string? MissingFile);
