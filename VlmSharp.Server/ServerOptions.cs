using VlmSharp.Generation;
using VlmSharp.Server.Keys;
using VlmSharp.Server.Observing;
using VlmSharp.Server.Pictures;

namespace VlmSharp.Server;

/// <summary>How a model is served. The defaults are safe: only this machine, nothing fetched, everything bounded.</summary>
public sealed record ServerOptions
{
    /// <summary>
    /// The address to listen on: an IP address, a name of this machine, or * for all of them. An address other than loopback needs keys, or
    /// <see cref="AllowAnonymous"/>.
    /// </summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>The port; 0 takes a free one, see <see cref="VlmServer.Address"/>.</summary>
    public int Port { get; init; } = 8000;

    /// <summary>Whether everyone who reaches an address other than loopback may ask without a key.</summary>
    public bool AllowAnonymous { get; init; }

    /// <summary>
    /// Further names of the server, without port, besides its address, <see cref="Host"/> and localhost. Without keys a request with
    /// another name (the header Host) gets 421.
    /// </summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Origins whose web pages may use the server (CORS), for instance https://app.example.com; none by default.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>What connections may take; shorter in tests.</summary>
    internal ConnectionLimits Connections { get; init; } = new();

    /// <summary>What requests call the model without an adapter; null for the name of its folder. Adapters have their own names.</summary>
    public string? ModelName { get; init; }

    /// <summary>
    /// Maximum number of answers generated at the same time. Their memory has its own limit, <see
    /// cref="GenerationEngine.MaxKvCacheBytes"/>.
    /// </summary>
    public int MaxBatch { get; init; } = 32;

    /// <summary>Maximum number of requests that wait for a place; further ones get 429 and the time to try again.</summary>
    public int MaxQueue { get; init; } = 1024;

    /// <summary>Maximum time from a request's arrival to its last byte; after it, the request ends with 504.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long running requests may take to end when the server stops; after it, they are abandoned.</summary>
    public TimeSpan DrainLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The largest body of a request, in bytes: 30 million hold a picture of about 22 MB in base64.</summary>
    public long MaxBodyBytes { get; init; } = 30_000_000;

    /// <summary>
    /// Memory for the bodies of all requests until their pictures are read, in bytes, and as much again for the pictures at the model's
    /// size until they are answered; further ones are read later. At least <see cref="MaxBodyBytes"/>.
    /// </summary>
    public long MaxBufferedBytes { get; init; } = 512L << 20;

    /// <summary>The longest prompt, in characters.</summary>
    public int MaxPromptCharacters { get; init; } = 16_384;

    /// <summary>The most requests of a batch.</summary>
    public int MaxBatchRequests { get; init; } = 256;

    /// <summary>The most answers to one request (<c>n</c>); never more than <see cref="MaxBatch"/>.</summary>
    public int MaxChoices { get; init; } = 16;

    /// <summary>Which pictures are taken, and from where.</summary>
    public PictureOptions Pictures { get; init; } = new();

    /// <summary>
    /// A file of API keys, one per line, read again when it changes; null for none. With keys every request needs one, except for health
    /// and the page.
    /// </summary>
    public string? ApiKeyFile { get; init; }

    /// <summary>API keys beside those of the file, a line each; null for none.</summary>
    public string? ApiKeys { get; init; }

    /// <summary>What each client, which is the name of a key, may use.</summary>
    public ClientLimitOptions ClientLimits { get; init; } = new();

    /// <summary>Where the request log goes.</summary>
    public RequestLogOptions Log { get; init; } = new();

    /// <summary>Where traces and metrics are sent; null for nowhere.</summary>
    public OtlpOptions? Otlp { get; init; }

    /// <summary>Receives warnings about unsafe settings, such as a key file that others can read; null for nobody.</summary>
    public Action<string>? Warn { get; init; }

    /// <summary>Checks every option's range.</summary>
    /// <exception cref="ArgumentException">One is outside.</exception>
    internal void Validate()
    {
        Check(Host.Length > 0, nameof(Host), "give an address, for instance 127.0.0.1");
        Check(Port is >= 0 and <= 65535, nameof(Port), "give a number from 0 to 65535");
        Check(MaxBatch is >= 1 and <= 4096, nameof(MaxBatch), "give a number from 1 to 4096");
        Check(MaxQueue is >= 0 and <= 1_000_000, nameof(MaxQueue), "give a number from 0 to 1000000");
        Check(Timeout > TimeSpan.Zero && Timeout < TimeSpan.FromDays(1), nameof(Timeout), "give a time above 0 and below a day");
        Check(
            DrainLimit >= TimeSpan.Zero && DrainLimit < TimeSpan.FromDays(1), nameof(DrainLimit), "give a time from 0 up and below a day");
        Check(MaxBodyBytes is >= 1024 and <= 1 << 30, nameof(MaxBodyBytes), "give a number from 1024 to 1073741824");
        Check(MaxBufferedBytes >= MaxBodyBytes, nameof(MaxBufferedBytes), $"give at least {nameof(MaxBodyBytes)}");
        Check(MaxPromptCharacters >= 1, nameof(MaxPromptCharacters), "give a number above 0");
        Check(MaxBatchRequests >= 1, nameof(MaxBatchRequests), "give a number above 0");
        BrowserGate.CheckOrigins(AllowedOrigins);
        Check(MaxChoices >= 1, nameof(MaxChoices), "give a number above 0");
    }

    private static void Check(bool holds, string name, string remedy)
    {
        if (!holds) throw new ArgumentException($"{name} is out of range: {remedy}.");
    }
}
