namespace VlmSharp.Imaging.Stb;

/// <summary>
/// What StbImageSharp reads from. It takes the end of a file for zeros, or leaves memory as it was; so this counts every byte that is asked
/// for beyond the end, and the picture is refused afterwards. It never throws: an exception would leave the library's memory behind.
/// </summary>
/// <param name="head">The first bytes.</param>
/// <param name="rest">Where those that follow are; they must not move.</param>
/// <param name="restBytes">How many they are.</param>
internal sealed unsafe class GuardedStream(byte[] head, byte* rest, int restBytes) : Stream
{
    private long position;

    /// <summary>Bytes that were asked for beyond the end, and moves to where there is nothing.</summary>
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
