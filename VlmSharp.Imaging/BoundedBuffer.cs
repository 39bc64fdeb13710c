namespace VlmSharp.Imaging;

/// <summary>
/// Collects the bytes of a stream, up to a limit. It asks for at most one byte more than the limit; that byte distinguishes a stream that
/// is too long, or endless, from one that ends at the limit.
/// </summary>
internal sealed class BoundedBuffer
{
    private const int FirstBytes = 1 << 16;

    private readonly string name;
    private readonly int most;
    private byte[] bytes;
    private int count;

    /// <summary>Begins a file.</summary>
    /// <param name="stream">The source. Its length, if known, saves copies, and a file over the limit is refused before it is read.</param>
    /// <param name="name">The file's name in messages.</param>
    /// <param name="limit">The most bytes that the file may have.</param>
    public BoundedBuffer(Stream stream, string name, long limit)
    {
        this.name = name;
        most = Most(limit);
        long stated = stream.CanSeek ? stream.Length - stream.Position : 0;
        if (stated > most) throw TooLong(name, most);
        // One byte beyond the stated length, so that reading to the end of the stream does not grow the array.
        bytes = new byte[Math.Min(most + 1, Math.Max(stated + 1, FirstBytes))];
    }

    /// <summary>The bytes read so far.</summary>
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
        if (count > most) throw TooLong(name, most);
    }

    /// <summary>The error for a file over the limit.</summary>
    public static ImageFormatException TooLong(string name, long limit, Exception? inner = null) => new(
        $"{name} has more than {Most(limit)} bytes; scale it down, "
        + $"or raise {nameof(ImageOptions)}.{nameof(ImageOptions.MaxFileBytes)} if you trust the file.", inner)
    { Fault = ImageFault.OverLimit, Limit = nameof(ImageOptions.MaxFileBytes) };

    // One array holds the file and the byte beyond it.
    private static int Most(long limit) => (int)Math.Clamp(limit, 0, Array.MaxLength - 1);
}
