namespace VlmSharp.Hub;

/// <summary>
/// The first bytes of a file that is on its way, <c>ETAG.incomplete</c>. It grows at its end alone, so that its length says at any moment, and after any kind of
/// death, what is there; and so does the hash of it.
/// </summary>
internal sealed class BlobFile : IDisposable
{
    private const int BufferBytes = 1 << 20;

    private readonly FileStream file;
    private readonly RemoteFile remote;
    private readonly string cache;
    private BlobHash hash;

    private BlobFile(FileStream file, RemoteFile remote, string cache)
    {
        (this.file, this.remote, this.cache) = (file, remote, cache);
        hash = new BlobHash(remote.ETag, remote.Size);
    }

    /// <summary>Bytes that are there.</summary>
    public long Length { get; private set; }

    public string HashName => hash.Name;

    /// <summary>Opens what an earlier try has left, or begins.</summary>
    /// <param name="path">The file.</param>
    /// <param name="remote">What it will be.</param>
    /// <param name="cache">The cache's folder, for messages.</param>
    /// <param name="cancellationToken">Ends the reading of what is there.</param>
    /// <returns>The file.</returns>
    public static async Task<BlobFile> OpenAsync(string path, RemoteFile remote, string cache, CancellationToken cancellationToken)
    {
        var blob = new BlobFile(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0), remote, cache);
        try
        {
            if (blob.file.Length > remote.Size) blob.file.SetLength(0); // it is of nothing that this file can be
            await blob.ReadAsync(cancellationToken).ConfigureAwait(false);
            return blob;
        }
        catch
        {
            blob.Dispose();
            throw;
        }
    }

    /// <summary>Adds bytes at the end.</summary>
    /// <exception cref="HubException">The disk is full.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        try
        {
            file.Position = Length;
            file.Write(bytes);
        }
        catch (IOException e) when (IoErrors.IsDiskFull(e))
        {
            throw HubErrors.DiskFull(remote.Name, cache, Length, remote.Size, e);
        }

        hash.Append(bytes);
        Length += bytes.Length;
    }

    /// <summary>Whether all is there and right. What is wrong is thrown away.</summary>
    public bool IsRight()
    {
        if (Length == remote.Size && hash.IsRight()) return true;
        hash.Dispose();
        hash = new BlobHash(remote.ETag, remote.Size);
        file.SetLength(0);
        Length = 0;
        return false;
    }

    /// <summary>Has the disk hold the bytes, so that a name for them can follow.</summary>
    public void Flush()
    {
        try
        {
            file.Flush(flushToDisk: true);
        }
        catch (IOException e) when (IoErrors.IsDiskFull(e))
        {
            throw HubErrors.DiskFull(remote.Name, cache, Length, remote.Size, e);
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        file.Position = 0;
        for (long end = file.Length; Length < end;)
        {
            int count = await file.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, end - Length)), cancellationToken).ConfigureAwait(false);
            if (count == 0) return;
            hash.Append(buffer.AsSpan(0, count));
            Length += count;
        }
    }

    public void Dispose()
    {
        hash.Dispose();
        file.Dispose();
    }
}
