namespace VlmSharp.Hub;

/// <summary>What a pull does just now.</summary>
public enum HubActivity
{
    /// <summary>It asks what files there are.</summary>
    Listing,

    /// <summary>Another process fetches this file; it waits for that one.</summary>
    Waiting,

    /// <summary>It reads the part of a file that is there already.</summary>
    Checking,

    /// <summary>Bytes come.</summary>
    Downloading,

    /// <summary>The file is whole, right, and in its place.</summary>
    FileDone,
}

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
