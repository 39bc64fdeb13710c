using System.Security.Cryptography;
using System.Text;
using VlmSharp.Imaging;
using VlmSharp.Preprocessing;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Pictures;

/// <summary>
/// Reads the pictures of a request: from a data URI, from uploaded bytes or, if <see cref="PictureOptions"/> allow it, from a URL or a
/// file.
/// Every way ends in <see cref="DecodeAsync"/>, so the same limits apply to all.
/// </summary>
internal sealed class PictureSource : IDisposable
{
    private const int LongestName = 80;
    private const string Unnamed = "The picture";

    private readonly PictureOptions options;
    private readonly ImageOptions limits;
    private readonly PictureFetcher? fetcher;
    private readonly LocalPictures? files;
    private readonly SemaphoreSlim places, fetches;
    private readonly TimeProvider clock;
    private readonly Func<bool> isAlone;

    /// <summary>Opens the source.</summary>
    /// <param name="options">What is allowed.</param>
    /// <param name="fetcher">Fetches URLs, instead of one that these options make; for tests with a network of their own.</param>
    /// <param name="clock">What time is measured by; the system's when null.</param>
    /// <param name="isAlone">Whether no other request than that of the picture is there; null if that is not known.</param>
    /// <exception cref="ArgumentException">An allowed host or the folder cannot be what it says.</exception>
    public PictureSource(
        PictureOptions options, PictureFetcher? fetcher = null, TimeProvider? clock = null, Func<bool>? isAlone = null)
    {
        this.options = options;
        this.isAlone = isAlone ?? (static () => false);
        this.clock = clock ?? TimeProvider.System;
        this.fetcher = fetcher ?? (options.AllowedHosts.Count > 0 ? new PictureFetcher(options, clock: this.clock) : null);
        files = options.AllowedLocalMediaPath is { } folder ? new LocalPictures(folder) : null;
        // A quarter stays for the requests themselves and their answers.
        Memory = new BufferBudget(Math.Min(options.MaxBytesHeld, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 * 3));
        limits = new ImageOptions
        {
            MaxPixels = options.MaxPixels,
            MaxJpegScans = options.MaxScans,
            MaxFileBytes = options.MaxBytes,
            MaxMemory = Memory.Capacity,
        };
        places = new SemaphoreSlim(Math.Max(1, options.DecodesAtOnce));
        fetches = new SemaphoreSlim(Math.Max(1, options.FetchesAtOnce));
    }

    /// <summary>The most bytes of a picture file.</summary>
    public int MaxBytes => options.MaxBytes;

    /// <summary>Memory for decoding, and for decoded pictures until they are disposed of.</summary>
    internal BufferBudget Memory { get; }

    /// <summary>Bytes of it that are taken now.</summary>
    internal long BytesHeld => Memory.Capacity - Memory.Free;

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
    /// <param name="resizing">Resizes it while it is decoded; null for the whole picture.</param>
    /// <param name="cancellationToken">Ends the fetching, the waiting and the decoding.</param>
    /// <exception cref="ApiException">400, or 413 for what is over a limit.</exception>
    public Task<ReadPicture> ReadAsync(string urlOrDataUri, ImagePreprocessor? resizing, CancellationToken cancellationToken)
    {
        if (Encoding.UTF8.GetBytes(urlOrDataUri) is var text && DataUri.Is(text))
            return DecodeAsync(() => DataUri.Decode(text, options.MaxBytes), Unnamed, resizing, cancellationToken);
        if (LocalPictures.Is(urlOrDataUri))
        {
            LocalPictures folder = files ?? throw NotOpened();
            return DecodeAsync(() => folder.Read(urlOrDataUri, options.MaxBytes), Unnamed, resizing, cancellationToken);
        }

        return PictureUrl.IsWeb(urlOrDataUri) ? FetchAsync(urlOrDataUri, resizing, cancellationToken) : throw NotNamed();
    }

    /// <summary>
    /// Decodes a picture in turn. What a picture needs is known only once its decoding has begun, so it begins with nothing. If others
    /// leave no room for it, it gives back what it has, waits for all that it is known to need, and begins again: now it has the turn, and
    /// keeps it until it is decoded.
    /// </summary>
    /// <param name="file">
    /// Gives the file when there is a place to decode it: what it allocates, such as the bytes of base64, is not in memory while the
    /// picture waits. It is called again each time that the decoding begins.
    /// </param>
    /// <param name="name">The file's name in errors.</param>
    /// <param name="resizing">Resizes the picture while it is decoded; null for the whole picture.</param>
    /// <param name="cancellationToken">Ends the waiting and the decoding.</param>
    /// <exception cref="ApiException">
    /// 400; 413 for what is over a limit, and for what does not fit in memory although there is no other request.
    /// </exception>
    /// <exception cref="ImageFormatException">
    /// Memory runs out although the picture has all that there is for pictures: other requests hold memory of another kind.
    /// </exception>
    /// <exception cref="OutOfMemoryException">It runs out so for the file itself.</exception>
    public async Task<ReadPicture> DecodeAsync(
        Func<ReadOnlyMemory<byte>> file, string name, ImagePreprocessor? resizing, CancellationToken cancellationToken)
    {
        BufferBudget.Share share = Memory.TakeNothing();
        bool hasAll = false, hasAlone = false; // the budget; the server
        try
        {
            while (true)
            {
                try
                {
                    return await InPlaceAsync(() => Decode(file, name, resizing, share, cancellationToken), cancellationToken)
                        .ConfigureAwait(false);
                }
                catch (ImageFormatException e) when (IsRefused(e))
                {
                    await share.GrowAsync(share.Refused, cancellationToken).ConfigureAwait(false);
                }
                catch (Exception e) when (ErrorMiddleware.LacksMemory(e) && !hasAll)
                {
                    // Memory itself has run out: the picture waits until no other takes any of the budget.
                    await share.GrowAsync(Memory.Capacity, cancellationToken).ConfigureAwait(false);
                    (hasAll, hasAlone) = (true, isAlone());
                    FreeMemory.Gather();
                }
                catch (Exception e) when (ErrorMiddleware.LacksMemory(e) && hasAlone && isAlone())
                {
                    throw PictureErrors.TooMuchMemory(Plain(name));
                }
            }
        }
        catch
        {
            share.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Decodes on the caller's thread without waiting for a turn; requests use <see cref="DecodeAsync"/>.
    /// </summary>
    /// <param name="file">Gives the whole file, in its turn; more than the limit is refused.</param>
    /// <param name="name">Its name in errors.</param>
    /// <param name="resizing">Resizes it while it is decoded; null for the whole picture.</param>
    /// <param name="share">Grows with the decoding. On success it is the result's, and holds no more than its pixels.</param>
    /// <param name="cancellationToken">Ends the decoding.</param>
    /// <exception cref="ImageFormatException">The share cannot grow now, or memory runs out.</exception>
    /// <exception cref="OutOfMemoryException">It runs out for the file itself.</exception>
    /// <exception cref="ApiException">400, or 413 for what is over a limit.</exception>
    internal ReadPicture Decode(
        Func<ReadOnlyMemory<byte>> file,
        string name,
        ImagePreprocessor? resizing,
        BufferBudget.Share share,
        CancellationToken cancellationToken)
    {
        name = Plain(name);
        using var timeout = new CancellationTokenSource(options.MaxDecodeTime, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            ReadOnlyMemory<byte> bytes = file();
            if (bytes.Length > options.MaxBytes) throw PictureErrors.TooManyBytes(options.MaxBytes);
            ImageOptions settings = limits with { HasRoom = share.TryGrow };
            ResizedImage picture = resizing?.Decode(bytes.Span, name, settings, either.Token)
                ?? Whole(ImageFile.Decode(bytes.Span, name, settings, either.Token));
            share.Shrink(picture.Image.Pixels.Length);
            string hash = Convert.ToHexStringLower(SHA256.HashData(bytes.Span));
            return new ReadPicture(picture, bytes.Length, ImageFile.FormatOf(bytes.Span)!, hash, share);
        }
        catch (ImageFormatException e) when (!IsRefused(e) && !ErrorMiddleware.LacksMemory(e))
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
        fetches.Dispose();
    }

    private static ResizedImage Whole(RgbImage image) => new(image, image.Width, image.Height);

    // No budget counts a fetched file while it waits, so it keeps its place until it is decoded: there are never more of them than
    // FetchesAtOnce. If they were counted, files that wait could take all the room that they wait for.
    private async Task<ReadPicture> FetchAsync(string url, ImagePreprocessor? resizing, CancellationToken cancellationToken)
    {
        if (fetcher is null) throw NotFetched();
        await fetches.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ReadOnlyMemory<byte> bytes = await fetcher.FetchAsync(url, cancellationToken).ConfigureAwait(false);
            return await DecodeAsync(() => bytes, Unnamed, resizing, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            fetches.Release();
        }
    }

    private static bool IsRefused(ImageFormatException e) => e.Limit == nameof(ImageOptions.HasRoom);

    private async Task<ReadPicture> InPlaceAsync(Func<ReadPicture> decode, CancellationToken cancellationToken)
    {
        await places.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(decode, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            places.Release();
        }
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
