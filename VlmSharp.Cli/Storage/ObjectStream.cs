using VlmSharp.Imaging.Decoding;

namespace VlmSharp.Cli.Storage;

/// <summary>
/// The bytes of an object from first to last, read on demand in ranges of some MiB. Its ETag proves that it does not change.
/// </summary>
internal sealed class ObjectStream(ObjectStore store, ObjectPath path, CancellationToken cancellationToken) : ReadingStream
{
    private const int RangeBytes = 8 << 20;

    private byte[] range = [];
    private int taken;
    private long fetched, length = -1;
    private string? version;

    /// <summary>Size of the whole object in bytes.</summary>
    public override long Length
    {
        get
        {
            if (length < 0) Fetch();
            return length;
        }
    }

    public override long Position
    {
        get => fetched - range.Length + taken;
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        if (taken == range.Length)
        {
            if (length >= 0 && fetched >= length) return 0;
            Fetch();
        }

        int count = Math.Min(buffer.Length, range.Length - taken);
        range.AsSpan(taken, count).CopyTo(buffer);
        taken += count;
        return count;
    }

    private void Fetch()
    {
        (range, length, string? tag) = store.ReadRange(path, fetched, RangeBytes, version, cancellationToken);
        if (range.Length == 0 && fetched < length)
            throw new StorageException($"{path} ends after {fetched} of {length} bytes; try again.") { IsTransient = true };
        version ??= tag;
        fetched += range.Length;
        taken = 0;
    }
}
