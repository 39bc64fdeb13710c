using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Imaging;

/// <summary>
/// How picture files are read. The limits are checked against the file's header before memory is allocated, so that a small hostile file
/// cannot ask for a large amount of it.
/// </summary>
public sealed record ImageOptions
{
    /// <summary>The settings used when none are given.</summary>
    public static ImageOptions Default { get; } = new();

    /// <summary>Turns the picture upright as its EXIF (or XMP) orientation says. On by default.</summary>
    public bool ApplyExifOrientation { get; init; } = true;

    /// <summary>
    /// The color behind pixels that are not opaque; they are blended over it. With null, the default, alpha is ignored: the model sees the
    /// colors that a file stores under transparent pixels, often black, as in transformers.
    /// </summary>
    public Rgb? Background { get; init; }

    /// <summary>
    /// The largest picture accepted, in pixels: 100 million by default. A whole picture takes 3 bytes per pixel, and its decoder up to 8
    /// more (progressive JPEG: 2 for each sample). A picture that is resized while it is read takes only what the decoder needs, which is
    /// almost nothing for baseline JPEG, PNG, BMP and PPM.
    /// </summary>
    public long MaxPixels { get; init; } = 100_000_000;

    /// <summary>
    /// The largest file read, in bytes: 512 MiB by default, more than an uncompressed picture of <see cref="MaxPixels"/>.
    /// </summary>
    public long MaxFileBytes { get; init; } = 512L << 20;

    /// <summary>The largest width or height accepted: 65,535 by default, the maximum of JPEG and GIF.</summary>
    public int MaxSide { get; init; } = 65_535;

    /// <summary>
    /// The most scans accepted in one progressive JPEG: 256 by default (encoders write about ten). Each scan visits every block of the
    /// picture, however few bytes it has.
    /// </summary>
    public int MaxJpegScans { get; init; } = 256;

    /// <summary>
    /// The most memory that one picture may take, in bytes. The default is all that this process may have (the machine's memory, a
    /// container's limit, DOTNET_GCHeapHardLimit); decoding is not attempted beyond it.
    /// </summary>
    internal long? MaxMemory { get; init; }

    /// <summary>
    /// Asked before each large allocation whether there is room for so many bytes in all, the file's own and earlier ones included. No
    /// ends the decoding with an error whose limit has this name: the picture may fit later. Null for always.
    /// </summary>
    internal Func<long, bool>? HasRoom { get; init; }

    /// <summary>The limits and settings as decoders take them.</summary>
    internal DecodeContext ContextFor(string name, string format, long fileBytes, CancellationToken cancellation) =>
        new(name, format, fileBytes)
        {
            MaxMemory = MaxMemory ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
            HasRoom = HasRoom,
            Cancellation = cancellation,
            Background = Background is { } color ? new Background(color.Red, color.Green, color.Blue) : null,
            MaxPixels = MaxPixels,
            MaxSide = MaxSide,
            MaxJpegScans = MaxJpegScans,
            ApplyExifOrientation = ApplyExifOrientation,
        };
}
