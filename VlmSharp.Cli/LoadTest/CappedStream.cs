using VlmSharp.Cli.Inputs;

namespace VlmSharp.Cli.LoadTest;

/// <summary>A stream to read, that gives an error when it has given too much: a server must not fill our memory with a line that never ends.</summary>
/// <param name="inner">What is read.</param>
/// <param name="most">The most bytes to take from it.</param>
internal sealed class CappedStream(Stream inner, long most) : ReadingStream
{
    private long left = most;

    public override int Read(byte[] buffer, int offset, int count) => Taken(inner.Read(buffer, offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Taken(await inner.ReadAsync(buffer, cancellationToken));

    private int Taken(int count) => (left -= count) >= 0 ? count : throw new InvalidDataException("The answer does not end.");
}
