namespace VlmSharp.Cli.LoadTest;

/// <summary>A stream to read, that gives an error when it has given too much: a server must not fill our memory with a line that never ends.</summary>
/// <param name="inner">What is read.</param>
/// <param name="most">The most bytes to take from it.</param>
internal sealed class CappedStream(Stream inner, long most) : Stream
{
    private long left = most;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Taken(inner.Read(buffer, offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Taken(await inner.ReadAsync(buffer, cancellationToken));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int Taken(int count) => (left -= count) >= 0 ? count : throw new InvalidDataException("The answer does not end.");
}
