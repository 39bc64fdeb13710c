using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Cli.LoadTest;

/// <summary>A read-only stream that throws after too many bytes: a server must not fill our memory with an endless line.</summary>
/// <param name="inner">The stream to read.</param>
/// <param name="most">The maximum number of bytes to read.</param>
internal sealed class CappedStream(Stream inner, long most) : ReadingStream
{
    private long left = most;

    public override int Read(byte[] buffer, int offset, int count) => Taken(inner.Read(buffer, offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Taken(await inner.ReadAsync(buffer, cancellationToken));

    private int Taken(int count) => (left -= count) >= 0 ? count : throw new InvalidDataException("The answer does not end.");
}
