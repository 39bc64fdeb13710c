namespace VlmSharp.Imaging.Decoding;

/// <summary>What a decoder needs besides the bytes: the limits and settings of <c>ImageOptions</c>, and the errors it throws.</summary>
/// <param name="name">The file's name in messages.</param>
/// <param name="format">The format's name, e.g. <c>PNG</c>.</param>
/// <param name="fileBytes">The file's own size, which is in memory too.</param>
internal sealed class DecodeContext(string name, string format, long fileBytes = 0)
{
    private (long Width, long Height)? size;

    /// <summary>The largest picture accepted, in pixels.</summary>
    public required long MaxPixels { get; init; }

    /// <summary>The largest width or height accepted.</summary>
    public required int MaxSide { get; init; }

    /// <summary>The most scans accepted in one progressive JPEG.</summary>
    public required int MaxJpegScans { get; init; }

    /// <summary>Whether the picture is turned upright as its orientation tag says.</summary>
    public required bool ApplyExifOrientation { get; init; }

    /// <summary>The background of transparent pixels; null to ignore alpha.</summary>
    public Background? Background { get; init; }

    /// <summary>The most memory that one picture may take, in bytes.</summary>
    public required long MaxMemory { get; init; }

    /// <summary>Says whether so many bytes in all may be taken now; null for always.</summary>
    public Func<long, bool>? HasRoom { get; init; }

    /// <summary>The memory that the picture is known to need so far, in bytes: its file, and what <see cref="Reserve"/> added.</summary>
    public long Needed { get; private set; } = fileBytes;

    /// <summary>Cancels the decoding at about the next row.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>The bytes contradict the format.</summary>
    public ImageFormatException Damaged(string what, Exception? inner = null) =>
        new($"{name} is a damaged {format} picture: {what}; copy or download the file again.", inner);

    /// <summary>The file stops too early.</summary>
    public ImageFormatException Truncated(string what) =>
        new($"{name} is a truncated {format} picture: it ends within {what}; copy or download the file again.");

    /// <summary>The file has no visible fault but is of a kind that is not implemented.</summary>
    public ImageFormatException Unsupported(string what) =>
        new($"{name} is a {format} picture with {what}, which VlmSharp does not read; convert it to PNG or baseline JPEG.")
        { Fault = ImageFault.Unsupported };

    /// <summary>The file asks for more than a limit allows.</summary>
    /// <param name="what">How much, after "a picture of".</param>
    /// <param name="remedy">What the user can do to the file.</param>
    /// <param name="option">The property of <c>ImageOptions</c>, which has the same name here.</param>
    public ImageFormatException OverLimit(string what, string remedy, string option) =>
        new($"{name} is a {format} picture of {what}; {remedy}, or raise ImageOptions.{option} if you trust the file.")
        { Fault = ImageFault.OverLimit, Limit = option };

    /// <summary>Refuses empty pictures and those over the limits. Must be called before any allocation.</summary>
    public void CheckSize(long width, long height)
    {
        if (width < 1 || height < 1)
            throw Damaged($"its header says {width} x {height} pixels");
        if (width > MaxSide || height > MaxSide)
            throw OverLimit($"{width} x {height} pixels, over the limit of {MaxSide} per side", "scale it down", nameof(MaxSide));
        long limit = Math.Min(MaxPixels, Array.MaxLength / 3);
        if (width * height > limit)
            throw OverLimit($"{width} x {height} pixels, over the limit of {limit} pixels", "scale it down", nameof(MaxPixels));
        size = (width, height);
    }

    /// <summary>
    /// Announces a large allocation before it is made. Allocations that are small compared to the picture need no announcement.
    /// </summary>
    public void Reserve(long bytes)
    {
        Needed += bytes;
        if (Needed > MaxMemory)
            throw OutOfMemory();
        if (HasRoom?.Invoke(Needed) == false)
            throw TooMuch("more than there is now; try again later", nameof(HasRoom));
    }

    /// <summary>The picture does not fit in memory: it needs more than there is at all, or memory ran out.</summary>
    /// <param name="inner">How it ran out.</param>
    public ImageFormatException OutOfMemory(Exception? inner = null)
    {
        string all = $"{Megabytes(MaxMemory)} MB that this process may have";
        string compared = Needed > MaxMemory ? $"more than the {all}" : $"and that much is not free of the {all}";
        return TooMuch($"{compared}; scale it down, or give the process more memory", nameof(MaxMemory), inner);
    }

    /// <summary>Prepares the sink for the rows that follow.</summary>
    /// <param name="sink">Receives the rows.</param>
    /// <param name="width">Columns as they are stored.</param>
    /// <param name="height">Rows as they are stored.</param>
    /// <param name="orientation">The file's orientation tag: 1 to 8, or 0 if it has none.</param>
    public void Begin(IRowSink sink, int width, int height, int orientation = 0)
    {
        Reserve(sink.BytesFor(width, height));
        sink.Begin(width, height, ApplyExifOrientation && orientation is >= 1 and <= 8 ? orientation : 1);
    }

    private ImageFormatException TooMuch(string compared, string limit, Exception? inner = null) =>
        new($"{name} is a {format} picture {Size}that takes {Megabytes(Needed)} MB of memory to decode, {compared}.", inner)
        { Fault = ImageFault.OverLimit, Limit = limit };

    private string Size => size is var (width, height) ? $"of {width} x {height} pixels " : "";

    private static string Megabytes(long bytes) =>
        Math.Max(1, (bytes + (1 << 19)) >> 20).ToString(System.Globalization.CultureInfo.InvariantCulture);
}
