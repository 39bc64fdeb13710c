namespace VlmSharp.Imaging;

/// <summary>What every decoder needs beside the bytes: the limits, and the words for its errors.</summary>
/// <param name="name">What messages call the file.</param>
/// <param name="format">The format's name, e.g. <c>PNG</c>.</param>
/// <param name="options">Limits and settings.</param>
internal sealed class DecodeContext(string name, string format, ImageOptions options)
{
    /// <summary>What messages call the file.</summary>
    public string Name => name;

    /// <summary>Limits and settings.</summary>
    public ImageOptions Options => options;

    /// <summary>The bytes contradict the format.</summary>
    public ImageFormatException Damaged(string what, Exception? inner = null) =>
        new($"{name} is a damaged {format} picture: {what}; copy or download the file again.", inner);

    /// <summary>The file stops too early.</summary>
    public ImageFormatException Truncated(string what) =>
        new($"{name} is a truncated {format} picture: it ends within {what}; copy or download the file again.");

    /// <summary>The file is well-formed as far as can be seen, but of a kind that is not implemented.</summary>
    public ImageFormatException Unsupported(string what) =>
        new($"{name} is a {format} picture with {what}, which VlmSharp does not read; convert it to PNG or baseline JPEG.");

    /// <summary>Refuses empty pictures and those over the limits. To be called before any allocation.</summary>
    public void CheckSize(long width, long height)
    {
        if (width < 1 || height < 1)
            throw Damaged($"its header says {width} x {height} pixels");
        if (width > options.MaxSide || height > options.MaxSide)
        {
            throw new ImageFormatException(
                $"{name} is a {format} picture of {width} x {height} pixels, over the limit of {options.MaxSide} per side; "
                + $"scale it down, or raise {nameof(ImageOptions)}.{nameof(ImageOptions.MaxSide)} if you trust the file.");
        }
        long limit = Math.Min(options.MaxPixels, Array.MaxLength / 3);
        if (width * height > limit)
        {
            throw new ImageFormatException(
                $"{name} is a {format} picture of {width} x {height} pixels, over the limit of {limit} pixels; "
                + $"scale it down, or raise {nameof(ImageOptions)}.{nameof(ImageOptions.MaxPixels)} if you trust the file.");
        }
    }
}
