using System.IO.Pipelines;

namespace VlmSharp.Hub;

/// <summary>
/// Downloads the rest of a file. A large file is downloaded in parts, several at the same time. They are appended in order, so that the
/// file on disk is always a prefix of the whole file. The first response shows whether the server supports ranges; a server that does not
/// sends the whole file at once.
/// </summary>
internal sealed class BlobDownload(PartFetch fetch, HubOptions options, RemoteFile file, BlobFile blob)
{
    /// <summary>Downloads until the file is complete.</summary>
    /// <param name="appended">Called with the number of bytes after each append.</param>
    /// <param name="cancellationToken">Stops the download; the appended bytes stay.</param>
    /// <exception cref="HubException">The connection failed, or the disk is full.</exception>
    public async Task RunAsync(Action<int> appended, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var parts = new Queue<FilePart>();
        try
        {
            for (long begin = blob.Length, next = begin; blob.Length < file.Size;)
            {
                while (parts.Count < options.Connections && next < file.Size)
                {
                    bool isFirst = next == begin;
                    FilePart part = Begin(next, isFirst, stop.Token);
                    parts.Enqueue(part);
                    if (isFirst) await part.Opened.WaitAsync(cancellationToken).ConfigureAwait(false); // it may extend to the end
                    next = part.To;
                }

                await AppendAsync(parts.Peek(), appended, cancellationToken).ConfigureAwait(false);
                parts.Dequeue();
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            foreach (FilePart part in parts)
            {
                await part.Fetching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await part.Reader.CompleteAsync().ConfigureAwait(false);
            }
        }
    }

    private FilePart Begin(long from, bool isFirst, CancellationToken cancellationToken)
    {
        var part = new FilePart(from, Math.Min(file.Size, from + options.RangeBytes), options.RangeBytes, isFirst ? file.Size : null);
        part.Fetching = Task.Run(() => fetch.RunAsync(part, cancellationToken), CancellationToken.None);
        return part;
    }

    private async Task AppendAsync(FilePart part, Action<int> appended, CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult read = await part.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            foreach (ReadOnlyMemory<byte> piece in read.Buffer)
            {
                blob.Append(piece.Span);
                appended(piece.Length);
            }

            part.Reader.AdvanceTo(read.Buffer.End);
            if (!read.IsCompleted) continue;
            await part.Fetching.ConfigureAwait(false); // throws the error that ended it early
            await part.Reader.CompleteAsync().ConfigureAwait(false);
            return;
        }
    }
}
