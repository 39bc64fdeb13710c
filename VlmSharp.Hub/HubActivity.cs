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
