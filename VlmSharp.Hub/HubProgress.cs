namespace VlmSharp.Hub;

/// <summary>The progress of a pull. Sizes are in bytes.</summary>
/// <param name="Activity">The current activity.</param>
/// <param name="File">The current file; empty while listing.</param>
/// <param name="FileBytes">Bytes of the file that are in the cache, including those of an earlier try.</param>
/// <param name="FileSize">The file's size.</param>
/// <param name="TotalBytes">Bytes of all files that are in the cache.</param>
/// <param name="TotalSize">The size of all files.</param>
/// <param name="Received">Bytes received over the network since the pull began.</param>
public readonly record struct HubProgress(
    HubActivity Activity, string File, long FileBytes, long FileSize, long TotalBytes, long TotalSize, long Received);
