namespace VlmSharp.Cli.Inputs;

/// <summary>A stream from its beginning, of which the first bytes have been read already.</summary>
/// <param name="first">These bytes.</param>
/// <param name="rest">The stream behind them.</param>
internal sealed class ReplayedStream(byte[] first, Stream rest) : Stream
{
    private int taken;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, first.Length - taken);
        if (count == 0) return rest.Read(buffer);
        first.AsSpan(taken, count).CopyTo(buffer);
        taken += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) rest.Dispose();
        base.Dispose(disposing);
    }
}
