namespace VlmSharp.Imaging.Stb;

/// <summary>
/// The stream that StbImageSharp reads. At the end of a file the library reads zeros, or leaves memory as it was. So this stream counts
/// every byte requested beyond the end, and the picture is refused afterwards. It never throws: an exception would leak the library's
/// memory.
/// </summary>
/// <param name="head">The first bytes.</param>
/// <param name="rest">The bytes that follow; they must not move.</param>
/// <param name="restBytes">The number of those bytes.</param>
internal sealed unsafe class GuardedStream(byte[] head, byte* rest, int restBytes) : Stream
{
    private long position;

    /// <summary>The number of bytes requested beyond the end, plus the number of seeks outside the file.</summary>
    public long PastEnd { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => (long)head.Length + restBytes;

    public override long Position { get => position; set => Seek(value, SeekOrigin.Begin); }

    public override int ReadByte()
    {
        if (position >= Length)
        {
            PastEnd++;
            return -1;
        }
        long at = position++;
        return at < head.Length ? head[at] : rest[at - head.Length];
    }

    public override int Read(Span<byte> buffer)
    {
        int count = 0;
        while (count < buffer.Length && position < Length)
            buffer[count++] = (byte)ReadByte();
        PastEnd += buffer.Length - count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin)
    {
        long target = offset + origin switch
        {
            SeekOrigin.Current => position,
            SeekOrigin.End => Length,
            _ => 0,
        };
        if (target < 0 || target > Length)
            PastEnd++;
        return position = Math.Clamp(target, 0, Length);
    }

    public override void Flush() { }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
