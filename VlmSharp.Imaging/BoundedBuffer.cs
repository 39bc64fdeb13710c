namespace VlmSharp.Imaging;

/// <summary>
/// Collects what a stream gives, up to a limit. One byte more than the limit is asked for and never a second, which tells a stream
/// that is too long, or endless, from one that ends there.
/// </summary>
internal sealed class BoundedBuffer
{
    private const int FirstBytes = 1 << 16;

    private readonly string name;
    private readonly int most;
    private byte[] bytes;
    private int count;

    /// <summary>Begins a file.</summary>
    /// <param name="stream">Where it will come from. A length that it states saves copies, or refuses it before anything is read.</param>
    /// <param name="name">What messages call the file.</param>
    /// <param name="limit">The most bytes it may have.</param>
    public BoundedBuffer(Stream stream, string name, long limit)
    {
        this.name = name;
        most = (int)Math.Clamp(limit, 0, Array.MaxLength - 1);
        long stated = stream.CanSeek ? stream.Length - stream.Position : 0;
        if (stated > most) throw TooLong();
        // A byte beyond the stated length, so that the end of the stream is seen without growing.
        bytes = new byte[Math.Min(most + 1, Math.Max(stated + 1, FirstBytes))];
    }

    /// <summary>What has come so far.</summary>
    public ReadOnlySpan<byte> Written => bytes.AsSpan(0, count);

    /// <summary>Room for the stream's next bytes, at least one.</summary>
    public Memory<byte> Room()
    {
        if (count == bytes.Length) Array.Resize(ref bytes, (int)Math.Min(most + 1L, 2L * bytes.Length));
        return bytes.AsMemory(count);
    }

    /// <summary>Says how much of the room has been filled.</summary>
    /// <exception cref="ImageFormatException">The file is over the limit.</exception>
    public void Advance(int read)
    {
        count += read;
        if (count > most) throw TooLong();
    }

    private ImageFormatException TooLong() => new(
        $"{name} has more than {most} bytes; scale it down, "
        + $"or raise {nameof(ImageOptions)}.{nameof(ImageOptions.MaxFileBytes)} if you trust the file.")
    { Fault = ImageFault.OverLimit, Limit = nameof(ImageOptions.MaxFileBytes) };
}
