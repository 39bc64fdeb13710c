using System.Security.Cryptography;
using System.Text;
using VlmSharp.Imaging;
using VlmSharp.Server.Errors;

namespace VlmSharp.Server.Pictures;

/// <summary>
/// Reads the pictures of a request: from a data URI, from uploaded bytes or, if <see cref="PictureOptions"/> allow it, from a URL or a
/// file.
/// Every way ends in <see cref="DecodeAsync"/>, so the same limits apply to all.
/// </summary>
internal sealed class PictureSource : IDisposable
{
    private const int LongestName = 80;

    private readonly PictureOptions options;
    private readonly ImageOptions limits;
    private readonly PictureFetcher? fetcher;
    private readonly LocalPictures? files;
    private readonly PictureMemory memory;
    private readonly SemaphoreSlim places;
    private readonly TimeProvider clock;

    /// <summary>Opens the source.</summary>
    /// <param name="options">What is allowed.</param>
    /// <param name="fetcher">Fetches URLs, instead of one that these options make; for tests with a network of their own.</param>
    /// <param name="clock">What time is measured by; the system's when null.</param>
    /// <exception cref="ArgumentException">An allowed host or the folder cannot be what it says.</exception>
    public PictureSource(PictureOptions options, PictureFetcher? fetcher = null, TimeProvider? clock = null)
    {
        this.options = options;
        this.clock = clock ?? TimeProvider.System;
        this.fetcher = fetcher ?? (options.AllowedHosts.Count > 0 ? new PictureFetcher(options, clock: this.clock) : null);
        files = options.AllowedLocalMediaPath is { } folder ? new LocalPictures(folder) : null;
        limits = new ImageOptions { MaxPixels = options.MaxPixels, MaxJpegScans = options.MaxScans, MaxFileBytes = options.MaxBytes };
        memory = new PictureMemory(options.MaxBytesHeld);
        places = new SemaphoreSlim(Math.Max(1, options.DecodesAtOnce));
    }

    /// <summary>The most bytes of a picture file.</summary>
    public int MaxBytes => options.MaxBytes;

    /// <summary>Bytes of decoded pictures that requests hold now.</summary>
    public long BytesHeld => memory.Held;

    /// <summary>Refuses a request with too many pictures; to be called before the first is read.</summary>
    /// <exception cref="ApiException">400.</exception>
    public void CheckCount(int pictures)
    {
        if (pictures > options.MaxPictures)
        {
            throw PictureErrors.Invalid(
                $"The request has {pictures} pictures, over this server's limit of {options.MaxPictures}; send fewer at once.",
                "too_many_images");
        }
    }

    /// <summary>Reads a picture.</summary>
    /// <param name="urlOrDataUri">What the request says.</param>
    /// <param name="cancellationToken">Ends the fetching and the decoding.</param>
    /// <exception cref="ApiException">400, 413 for what is over a limit, 429 where memory for pictures is full.</exception>
    public async Task<ReadPicture> ReadAsync(string urlOrDataUri, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> bytes;
        if (Encoding.UTF8.GetBytes(urlOrDataUri) is var text && DataUri.Is(text))
            bytes = DataUri.Decode(text, options.MaxBytes);
        else if (PictureUrl.IsWeb(urlOrDataUri))
            bytes = await (fetcher ?? throw NotFetched()).FetchAsync(urlOrDataUri, cancellationToken).ConfigureAwait(false);
        else if (LocalPictures.Is(urlOrDataUri))
            bytes = (files ?? throw NotOpened()).Read(urlOrDataUri, options.MaxBytes);
        else
            throw NotNamed();
        return await DecodeAsync(bytes, "The picture", cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Decodes on the caller's thread without taking a place: <see cref="DecodeAsync"/> is for requests.</summary>
    public async Task<ReadPicture> DecodeAsync(ReadOnlyMemory<byte> bytes, string name, CancellationToken cancellationToken)
    {
        await places.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(() => Decode(bytes, name, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            places.Release();
        }
    }

    /// <summary>The decoding itself, on the caller's thread and in nobody's place: <see cref="DecodeAsync"/> is for requests.</summary>
    internal ReadPicture Decode(ReadOnlyMemory<byte> bytes, string name, CancellationToken cancellationToken)
    {
        name = Plain(name);
        if (bytes.Length > options.MaxBytes) throw PictureErrors.TooManyBytes(options.MaxBytes);
        using var timeout = new CancellationTokenSource(options.MaxDecodeTime, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            RgbImage image = ImageFile.Decode(bytes.Span, name, limits, either.Token);
            PictureMemory.Share share = memory.Take(image.Pixels.LongLength);
            string hash = Convert.ToHexStringLower(SHA256.HashData(bytes.Span));
            return new ReadPicture(image, bytes.Length, ImageFile.FormatOf(bytes.Span)!, hash, share);
        }
        catch (ImageFormatException e)
        {
            throw PictureErrors.Of(e, name, options);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw PictureErrors.Invalid($"{name} takes too long to decode; scale it down or save it as baseline JPEG.", "image_too_slow");
        }
    }

    /// <summary>Lets idle connections go.</summary>
    public void Dispose()
    {
        fetcher?.Dispose();
        places.Dispose();
    }

    // An upload's name is the client's text.
    private static string Plain(string name)
    {
        ReadOnlySpan<char> start = name.AsSpan(0, Math.Min(name.Length, LongestName));
        return string.Concat(start.ToString().Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
    }

    private static ApiException NotNamed() => PictureErrors.InvalidUrl(
        "An image must be a data URI (data:image/jpeg;base64,...) or an http(s) URL; bare base64 and file names are not read.");

    private static ApiException NotFetched() => PictureErrors.InvalidUrl(
        "This server does not fetch images: send the image itself, as a data URI (data:image/jpeg;base64,...), "
        + "or ask whoever runs the server to allow its host with --allow-image-hosts.");

    private static ApiException NotOpened() => PictureErrors.InvalidUrl(
        "This server does not read files of its own: send the image itself, as a data URI (data:image/jpeg;base64,...), "
        + "or ask whoever runs the server for --allowed-local-media-path.");
}
