namespace VlmSharp.Hub;

/// <summary>The current activity of a pull.</summary>
public enum HubActivity
{
    /// <summary>It requests the list of files.</summary>
    Listing,

    /// <summary>It waits for another process that downloads this file.</summary>
    Waiting,

    /// <summary>It reads the part of a file that was downloaded before.</summary>
    Checking,

    /// <summary>It downloads a file.</summary>
    Downloading,

    /// <summary>The file is complete, verified, and in its place.</summary>
    FileDone,
}
