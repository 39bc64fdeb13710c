using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Cli.Inputs;

/// <summary>A stream whose first bytes have already been read, replayed from its beginning.</summary>
/// <param name="first">The first bytes.</param>
/// <param name="rest">The stream after them.</param>
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
