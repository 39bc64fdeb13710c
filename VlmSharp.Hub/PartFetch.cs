using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;

namespace VlmSharp.Hub;

/// <summary>
/// Downloads a part of a file with a range request; if the connection is lost, another request gets the missing bytes. Each request starts
/// at the hub, which redirects to a temporary address of the bytes.
/// </summary>
internal sealed class PartFetch(HubTransport transport, HubOptions options, RemoteFile file)
{
    private const int MostFailures = 5, ReadBytes = 1 << 16;

    /// <summary>Downloads into the part's pipe and finally closes it.</summary>
    /// <exception cref="HubException">It failed too often without much progress in between.</exception>
    public async Task RunAsync(FilePart part, CancellationToken cancellationToken)
    {
        try
        {
            long at = part.From, before = at;
            for (int failures = 0; at < part.To;)
            {
                FetchFailure? failure = null;
                try
                {
                    using HttpResponseMessage answer = await OpenAsync(at, part.To, cancellationToken).ConfigureAwait(false);
                    bool isWhole = answer.StatusCode == HttpStatusCode.OK;
                    part.Open(isWhole);
                    using Stream body = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
                    if (isWhole) await SkipAsync(body, at, cancellationToken).ConfigureAwait(false);
                    await foreach (int count in CopyAsync(body, part, at, cancellationToken).ConfigureAwait(false)) at += count;
                }
                catch (HubException e) when (e.Kind is HubErrorKind.Unreachable or HubErrorKind.UnknownHost or HubErrorKind.Timeout)
                {
                    failure = new FetchFailure(e, null);
                }
                catch (FetchFailure e)
                {
                    failure = e;
                }

                if (failure is null) continue;
                failures = at - before >= ReadBytes ? 1 : failures + 1;
                before = at;
                if (failures == MostFailures) throw failure.Final(file, at, failures, options);
                await Task.Delay(failure.Wait ?? RetryAfter.Doubled(options.RetryDelay, failures), cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            part.Close();
        }
    }

    /// <summary>A response with the bytes from an offset on, or with the whole file.</summary>
    private async Task<HttpResponseMessage> OpenAsync(long from, long to, CancellationToken cancellationToken)
    {
        var range = new RangeHeaderValue(from, to - 1);
        bool isAll = from == 0 && to == file.Size;
        HttpResponseMessage answer = await transport
            .FollowAsync(HttpMethod.Get, file.Uri, isAll ? null : range, cancellationToken).ConfigureAwait(false);
        try
        {
            if (!answer.IsSuccessStatusCode)
            {
                HubException error = transport.Errors.Of(answer, file.Name);
                TimeSpan? told = RetryAfter.Of(answer);
                throw transport.MayPass(answer) && !(told > RetryAfter.Longest) ? new FetchFailure(error, told) : error;
            }

            Check(answer, from);
            return answer;
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    /// <summary>Checks that a response belongs to this file: its size and offset, and that it is not compressed.</summary>
    private void Check(HttpResponseMessage answer, long from)
    {
        HttpContentHeaders headers = answer.Content.Headers;
        long? size = answer.StatusCode == HttpStatusCode.PartialContent ? headers.ContentRange?.Length : headers.ContentLength;
        bool isInPlace = answer.StatusCode == HttpStatusCode.OK
            || (answer.StatusCode == HttpStatusCode.PartialContent && headers.ContentRange?.From == from);
        if (headers.ContentEncoding.Any(encoding => encoding != "identity"))
            throw HubErrors.NotAHub($"{file.Name} came packed", options.Root);
        if (!isInPlace) throw HubErrors.NotAHub($"{file.Name} came from another place than was asked for", options.Root);
        if (size is { } said && said != file.Size)
            throw HubErrors.NotAHub($"{file.Name} came with {said} bytes, and the hub says that it has {file.Size}", options.Root);
    }

    private async IAsyncEnumerable<int> CopyAsync(
        Stream body, FilePart part, long at, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (at < part.To)
        {
            Memory<byte> memory = part.Writer.GetMemory(ReadBytes);
            memory = memory[..(int)Math.Min(memory.Length, part.To - at)];
            int count = await transport.ReadAsync(body, memory, file.Uri, cancellationToken).ConfigureAwait(false);
            if (count == 0) throw new HubException(HubErrorKind.Unreachable, $"{file.Name} ended early.");
            part.Writer.Advance(count);
            at += count;
            yield return count;
            await part.Writer.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Skips the bytes that are already downloaded, if the server does not support ranges.</summary>
    private async Task SkipAsync(Stream body, long bytes, CancellationToken cancellationToken)
    {
        var buffer = new byte[ReadBytes];
        while (bytes > 0)
        {
            Memory<byte> memory = buffer.AsMemory(0, (int)Math.Min(buffer.Length, bytes));
            int count = await transport.ReadAsync(body, memory, file.Uri, cancellationToken).ConfigureAwait(false);
            if (count == 0) throw new HubException(HubErrorKind.Unreachable, $"{file.Name} ended early.");
            bytes -= count;
        }
    }
}
