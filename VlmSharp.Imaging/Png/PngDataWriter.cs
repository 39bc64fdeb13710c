using System.Buffers.Binary;

namespace VlmSharp.Imaging.Png;

/// <summary>
/// Writes the compressed pixels of a PNG as IDAT chunks of bounded size, so that they are never in memory as a whole. Disposing of it
/// writes the last chunk.
/// </summary>
/// <param name="file">The PNG; left open.</param>
internal sealed class PngDataWriter(Stream file) : Stream
{
    private readonly byte[] chunk = new byte[1 << 16];
    private int count;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Writes one chunk: length, type, data, checksum.</summary>
    /// <param name="stream">The PNG that is written, at the end of what it has.</param>
    /// <param name="type">Four letters.</param>
    /// <param name="data">The chunk's content; it may be empty.</param>
    public static void WriteChunk(Stream stream, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        stream.Write(number);
        stream.Write(type);
        stream.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Of(data, Crc32.Of(type)));
        stream.Write(number);
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            if (count == chunk.Length) WriteOut();
            int taken = Math.Min(buffer.Length, chunk.Length - count);
            buffer[..taken].CopyTo(chunk.AsSpan(count));
            count += taken;
            buffer = buffer[taken..];
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() { }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && count > 0) WriteOut();
        base.Dispose(disposing);
    }

    private void WriteOut()
    {
        WriteChunk(file, "IDAT"u8, chunk.AsSpan(0, count));
        count = 0;
    }
}
