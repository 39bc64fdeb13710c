using VlmSharp.Server.Errors;

namespace VlmSharp.Server.Pictures;

/// <summary>
/// Counts the bytes of decoded pictures that are held at a time. A picture of 64 megapixels can be a file of 190 KB and takes 192 MB when
/// decoded: without a limit, a queue of such requests would take all memory.
/// </summary>
/// <param name="most">The most bytes held at a time.</param>
internal sealed class PictureMemory(long most)
{
    private long held;

    /// <summary>Bytes held now.</summary>
    public long Held => Interlocked.Read(ref held);

    /// <summary>Sets bytes aside.</summary>
    /// <returns>To be disposed of when they are free again.</returns>
    /// <exception cref="ApiException">429: others hold too much now; or 413: they can never fit.</exception>
    public Share Take(long bytes)
    {
        if (bytes > most)
        {
            throw new ApiException(
                413, "invalid_request_error", "image_too_large",
                "The picture takes more memory than this server has for pictures; scale it down.");
        }
        if (Interlocked.Add(ref held, bytes) > most)
        {
            Interlocked.Add(ref held, -bytes);
            throw new ApiException(
                429, "rate_limit_error", "images_busy", "The server holds as many pictures as it has memory for; try again later.",
                retryAfter: TimeSpan.FromSeconds(1));
        }
        return new Share(this, bytes);
    }

    /// <summary>Bytes that were set aside.</summary>
    internal sealed class Share(PictureMemory memory, long bytes) : IDisposable
    {
        private long bytes = bytes;

        // A request that forgot to dispose of its picture must not lock others out for ever.
        ~Share() => GiveBack();

        public void Dispose()
        {
            GiveBack();
            GC.SuppressFinalize(this);
        }

        private void GiveBack() => Interlocked.Add(ref memory.held, -Interlocked.Exchange(ref bytes, 0));
    }
}
