namespace VlmSharp.Cli.Inputs;

/// <summary>A stream from its beginning, of which the first bytes have been read already.</summary>
/// <param name="first">These bytes.</param>
/// <param name="rest">The stream behind them.</param>
internal sealed class ReplayedStream(byte[] first, Stream rest) : ReadingStream
{
    private int taken;

    public override int Read(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, first.Length - taken);
        if (count == 0) return rest.Read(buffer);
        first.AsSpan(taken, count).CopyTo(buffer);
        taken += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) rest.Dispose();
        base.Dispose(disposing);
    }
}
