namespace VlmSharp.Hub;

/// <summary>How far a pull is. Sizes are bytes.</summary>
/// <param name="Activity">What it does.</param>
/// <param name="File">The file that it is at; empty while listing.</param>
/// <param name="FileBytes">Bytes of the file that are there, those of an earlier try among them.</param>
/// <param name="FileSize">The file's size.</param>
/// <param name="TotalBytes">Bytes of all files that are there.</param>
/// <param name="TotalSize">The size of all files.</param>
/// <param name="Received">Bytes that came over the network since the pull began.</param>
public readonly record struct HubProgress(
    HubActivity Activity, string File, long FileBytes, long FileSize, long TotalBytes, long TotalSize, long Received);
