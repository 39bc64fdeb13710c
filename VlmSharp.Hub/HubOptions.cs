namespace VlmSharp.Hub;

/// <summary>Which hub, which cache, and who asks.</summary>
public sealed record HubOptions
{
    /// <summary>The hub that is meant where nothing is said.</summary>
    public static Uri DefaultEndpoint { get; } = new("https://huggingface.co");

    /// <summary>The hub's address.</summary>
    public Uri Endpoint { get; init; } = DefaultEndpoint;

    /// <summary>The cache that all tools share: a folder with <c>models--OWNER--NAME</c> in it.</summary>
    public required string CacheDirectory { get; init; }

    /// <summary>Who asks; null for nobody in particular. It is sent to <see cref="Endpoint"/> alone, and unencrypted only to this machine.</summary>
    public HubToken? Token { get; init; }

    /// <summary>Where a token is looked for, which messages name.</summary>
    public string? TokenFile { get; init; }

    /// <summary>Whether no request may be made.</summary>
    public bool IsOffline { get; init; }

    /// <summary>Whether snapshots are links to the blobs; else, and where the system has none, they are the files themselves.</summary>
    public bool UseSymlinks { get; init; } = true;

    /// <summary>Requests for parts of one file at the same time. Each takes up to 16 MiB of memory.</summary>
    public int Connections { get; init; } = 4;

    /// <summary>How long to wait for the next bytes of an answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>What a retry waits first; each further one waits twice as long.</summary>
    internal TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Bytes of a part that is asked for by itself.</summary>
    internal int RangeBytes { get; init; } = 16 << 20;

    /// <summary>
    /// What Python's tools do by the same environment: HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_HUB_OFFLINE, XDG_CACHE_HOME, HF_TOKEN, HF_TOKEN_PATH and
    /// the token file, HF_HUB_DISABLE_SYMLINKS, HF_HUB_DISABLE_IMPLICIT_TOKEN, HF_HUB_DOWNLOAD_TIMEOUT.
    /// </summary>
    /// <param name="read">Gives a variable, or null.</param>
    /// <returns>The options.</returns>
    /// <exception cref="HubException">The token's text can be none (<see cref="HubErrorKind.TokenRefused"/>).</exception>
    /// <exception cref="IOException">The token's file cannot be read.</exception>
    /// <exception cref="ArgumentException">HF_ENDPOINT is no address.</exception>
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

    /// <summary>The address of a hub from its text.</summary>
    /// <param name="text">The text: <c>https://huggingface.co</c>.</param>
    /// <param name="source">Where it came from, for the message.</param>
    /// <returns>The address.</returns>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static Uri ParseEndpoint(string text, string source) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0 && uri.Query.Length == 0 && uri.Fragment.Length == 0
            ? uri
            : throw new ArgumentException($"{source} is no address of a hub: give one such as {DefaultEndpoint.OriginalString}, without a name or password in it.");

    /// <summary>The address as it begins every request: without a slash at its end.</summary>
    internal string Root => Endpoint.AbsoluteUri.TrimEnd('/');
}
