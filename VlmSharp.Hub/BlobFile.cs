namespace VlmSharp.Hub;

/// <summary>
/// The beginning of a file during its download, <c>ETAG.incomplete</c>. Bytes are only appended, so its length always says how much was
/// downloaded, even after a crash. The hash is computed along the way.
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

    /// <summary>Number of downloaded bytes.</summary>
    public long Length { get; private set; }

    public string HashName => hash.Name;

    /// <summary>Opens the file of an earlier download, or creates it.</summary>
    /// <param name="path">Path of the incomplete blob in the cache; it is locked while it is open.</param>
    /// <param name="remote">The file on the hub.</param>
    /// <param name="cache">The cache's folder, for messages.</param>
    /// <param name="cancellationToken">Stops the reading of the existing bytes.</param>
    /// <returns>The file.</returns>
    public static async Task<BlobFile> OpenAsync(string path, RemoteFile remote, string cache, CancellationToken cancellationToken)
    {
        var blob = new BlobFile(
            new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0), remote, cache);
        try
        {
            if (blob.file.Length > remote.Size) blob.file.SetLength(0); // too long to be a part of this file
            await blob.ReadAsync(cancellationToken).ConfigureAwait(false);
            return blob;
        }
        catch
        {
            blob.Dispose();
            throw;
        }
    }

    /// <summary>Appends bytes.</summary>
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

    /// <summary>Whether the file is complete and its hash is correct. A wrong file is emptied.</summary>
    public bool IsRight()
    {
        if (Length == remote.Size && hash.IsRight()) return true;
        hash.Dispose();
        hash = new BlobHash(remote.ETag, remote.Size);
        file.SetLength(0);
        Length = 0;
        return false;
    }

    /// <summary>Flushes the bytes to disk, so that the file can be given its final name.</summary>
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
            Memory<byte> memory = buffer.AsMemory(0, (int)Math.Min(buffer.Length, end - Length));
            int count = await file.ReadAsync(memory, cancellationToken).ConfigureAwait(false);
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
