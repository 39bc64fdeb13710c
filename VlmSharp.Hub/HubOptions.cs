namespace VlmSharp.Hub;

/// <summary>The hub, the cache, and the token.</summary>
public sealed record HubOptions
{
    /// <summary>The default hub.</summary>
    public static Uri DefaultEndpoint { get; } = new("https://huggingface.co");

    /// <summary>The hub's address.</summary>
    public Uri Endpoint { get; init; } = DefaultEndpoint;

    /// <summary>The cache that all tools share: a folder with <c>models--OWNER--NAME</c> in it.</summary>
    public required string CacheDirectory { get; init; }

    /// <summary>
    /// The token; null for anonymous requests. It is sent only to <see cref="Endpoint"/>, and unencrypted only to this machine.
    /// </summary>
    public HubToken? Token { get; init; }

    /// <summary>The file in which a token is expected; messages name it.</summary>
    public string? TokenFile { get; init; }

    /// <summary>Whether all requests are forbidden.</summary>
    public bool IsOffline { get; init; }

    /// <summary>
    /// Whether snapshots are links to the blobs; otherwise, or if the system has no links, they are the files themselves.
    /// </summary>
    public bool UseSymlinks { get; init; } = true;

    /// <summary>Number of parallel requests for parts of one file. Each uses up to 16 MiB of memory.</summary>
    public int Connections { get; init; } = 4;

    /// <summary>How long to wait for the next bytes of a response.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The wait before the first retry; each further wait is twice as long.</summary>
    internal TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Bytes of a part that is requested separately.</summary>
    internal int RangeBytes { get; init; } = 16 << 20;

    /// <summary>
    /// The options that Python's tools use with the same environment: HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_HUB_OFFLINE, XDG_CACHE_HOME,
    /// HF_TOKEN, HF_TOKEN_PATH and the token file, HF_HUB_DISABLE_SYMLINKS, HF_HUB_DISABLE_IMPLICIT_TOKEN, HF_HUB_DOWNLOAD_TIMEOUT.
    /// </summary>
    /// <param name="read">Returns an environment variable, or null.</param>
    /// <returns>The options.</returns>
    /// <exception cref="HubException">The token's text cannot be a token (<see cref="HubErrorKind.TokenRefused"/>).</exception>
    /// <exception cref="IOException">The token's file cannot be read.</exception>
    /// <exception cref="ArgumentException">HF_ENDPOINT is not a valid address.</exception>
    public static HubOptions FromEnvironment(Func<string, string?> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        string tokenFile = HubEnvironment.TokenFile(read);
        return new HubOptions
        {
            Endpoint = HubEnvironment.Text(read, "HF_ENDPOINT") is { } endpoint ? ParseEndpoint(endpoint, "HF_ENDPOINT") : DefaultEndpoint,
            CacheDirectory = HubEnvironment.CacheDirectory(read),
            TokenFile = tokenFile,
            Token = HubEnvironment.Token(read, tokenFile),
            IsOffline = HubEnvironment.IsTrue(read, "HF_HUB_OFFLINE") || HubEnvironment.IsTrue(read, "TRANSFORMERS_OFFLINE"),
            UseSymlinks = !HubEnvironment.IsTrue(read, "HF_HUB_DISABLE_SYMLINKS"),
            Timeout = int.TryParse(HubEnvironment.Text(read, "HF_HUB_DOWNLOAD_TIMEOUT"), out int seconds) && seconds is > 0 and < 86_400
                ? TimeSpan.FromSeconds(seconds)
                : TimeSpan.FromSeconds(30),
        };
    }

    /// <summary>Parses the address of a hub.</summary>
    /// <param name="text">The text: <c>https://huggingface.co</c>.</param>
    /// <param name="source">Where it came from, for the message.</param>
    /// <returns>The address.</returns>
    /// <exception cref="ArgumentException">The text is not a valid address.</exception>
    public static Uri ParseEndpoint(string text, string source) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"
        && uri.UserInfo.Length == 0 && uri.Query.Length == 0 && uri.Fragment.Length == 0
            ? uri
            : throw new ArgumentException(
                $"{source} is no address of a hub: give one such as {DefaultEndpoint.OriginalString}, without a name or password in it.");

    /// <summary>The prefix of all request addresses: the endpoint without a final slash.</summary>
    internal string Root => Endpoint.AbsoluteUri.TrimEnd('/');
}
