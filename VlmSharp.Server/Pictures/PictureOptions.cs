namespace VlmSharp.Server.Pictures;

/// <summary>
/// Which pictures a server accepts, and from where. By default they must be part of the request: nothing is fetched and no file of the
/// server is read.
/// </summary>
public sealed record PictureOptions
{
    /// <summary>The most pictures in one request: 16 by default.</summary>
    public int MaxPictures { get; init; } = 16;

    /// <summary>The most bytes of one picture file, as it is sent or fetched: 20 MiB by default. As base64 it is a third longer.</summary>
    public int MaxBytes { get; init; } = 20 << 20;

    /// <summary>The most pixels of a picture: 64 million by default. A decoder takes up to 15 bytes a pixel.</summary>
    public long MaxPixels { get; init; } = 64_000_000;

    /// <summary>The most scans of a progressive JPEG: 100 by default. Encoders write about ten.</summary>
    public int MaxScans { get; init; } = 100;

    /// <summary>How long the decoding of one picture may take: 10 seconds by default.</summary>
    public TimeSpan MaxDecodeTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many pictures are decoded at once: as many as there are cores, and 4 at most, by default. Others wait.</summary>
    public int DecodesAtOnce { get; init; } = Math.Min(4, Environment.ProcessorCount);

    /// <summary>
    /// The memory for decoding pictures of all requests together, in bytes, their files included, and for whole pictures until they are
    /// explained: 2 GiB by default, and never more than three quarters of what the process may have. A picture that needs more than all of
    /// it gets 413, one that does not fit beside others waits for them. A picture that is only resized needs little, except where its
    /// format cannot be decoded row by row (progressive JPEG, WebP, GIF).
    /// </summary>
    public long MaxBytesHeld { get; init; } = 2L << 30;

    /// <summary>
    /// The hosts that pictures may be fetched from: none by default. <c>images.example.com</c> is that host alone, <c>*.example.com</c>
    /// every host whose name ends in
    /// <c>.example.com</c>. A port may follow, as in <c>images.example.com:8443</c>, and is then the only one; without it 80 and 443 are
    /// allowed. Addresses that are not public ones are refused whatever the name (see docs/server-security.md).
    /// </summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>The most redirects followed, each checked as the first address was: 3 by default.</summary>
    public int MaxRedirects { get; init; } = 3;

    /// <summary>How long looking up a host and connecting to it may take: 5 seconds by default.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long fetching a picture may take with all its redirects: 15 seconds by default.</summary>
    public TimeSpan FetchTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How many pictures at once are fetched, or have been fetched and wait to be decoded: 16 by default. Others wait. Each file takes
    /// memory beside <see cref="MaxBytesHeld"/>, up to <see cref="MaxBytes"/>.
    /// </summary>
    public int FetchesAtOnce { get; init; } = 16;

    /// <summary>
    /// A folder from which <c>file:</c> URLs may name pictures, at any depth; null, the default, refuses them. Links are followed, and
    /// what they lead to must lie in the folder too. Whoever may write in the folder must be trusted: a link made after the check would be
    /// followed.
    /// </summary>
    public string? AllowedLocalMediaPath { get; init; }
}
