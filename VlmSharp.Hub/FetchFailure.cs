namespace VlmSharp.Hub;

/// <summary>A request for a part of a file failed in a way that may pass.</summary>
/// <param name="error">What it was.</param>
/// <param name="wait">How long the server says to wait, or null.</param>
internal sealed class FetchFailure(HubException error, TimeSpan? wait) : Exception(error.Message, error)
{
    public TimeSpan? Wait => wait;

    /// <summary>The error when it has not passed: a server's own fault as it is, a lost connection with the place where it was lost.</summary>
    public HubException Final(RemoteFile file, long at, int times, HubOptions options) => error.Kind switch
    {
        HubErrorKind.Timeout => HubErrors.PartialFile(file.Name, at, file.Size, times, $"nothing came for {options.Timeout.TotalSeconds:0} s", error),
        HubErrorKind.Unreachable or HubErrorKind.UnknownHost => HubErrors.PartialFile(file.Name, at, file.Size, times, "the other side closed it, or does not answer", error),
        _ => error,
    };
}
