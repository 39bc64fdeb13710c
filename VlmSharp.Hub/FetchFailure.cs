namespace VlmSharp.Hub;

/// <summary>A request for a part of a file failed, and a retry may succeed.</summary>
/// <param name="error">What users see if no retry succeeds.</param>
/// <param name="wait">The wait that the server asks for, or null.</param>
internal sealed class FetchFailure(HubException error, TimeSpan? wait) : Exception(error.Message, error)
{
    public TimeSpan? Wait => wait;

    /// <summary>
    /// The error after the last retry: an error of the server stays as it is; a lost connection is reported with its position in the file.
    /// </summary>
    public HubException Final(RemoteFile file, long at, int times, HubOptions options) => error.Kind switch
    {
        HubErrorKind.Timeout =>
            HubErrors.PartialFile(file.Name, at, file.Size, times, $"nothing came for {options.Timeout.TotalSeconds:0} s", error),
        HubErrorKind.Unreachable or HubErrorKind.UnknownHost =>
            HubErrors.PartialFile(file.Name, at, file.Size, times, "the other side closed it, or does not answer", error),
        _ => error,
    };
}
