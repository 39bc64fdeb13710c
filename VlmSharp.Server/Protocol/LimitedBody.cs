using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace VlmSharp.Server.Protocol;

/// <summary>
/// A request's body, which ends with 413 beyond a limit. Kestrel has a limit too, but it closes the connection when it is exceeded, and the
/// client may lose the answer that says why. Here the rest of the body is still read and discarded, for as long as Kestrel waits for it: 5
/// s.
/// </summary>
internal sealed class LimitedBody : Stream
{
    private readonly Stream body;
    private readonly long most;
    private long read;

    /// <summary>Replaces Kestrel's limit.</summary>
    /// <param name="request">The request, before anything is read from it.</param>
    /// <param name="most">The most bytes.</param>
    /// <exception cref="BadHttpRequestException">413: its stated length is over the limit.</exception>
    public LimitedBody(HttpRequest request, long most)
    {
        (body, this.most) = (request.Body, most);
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        if (request.ContentLength > most) throw TooLarge();
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count;
        try
        {
            count = await body.ReadAsync(buffer, cancellationToken);
        }
        catch (IOException e) when (e is not BadHttpRequestException)
        {
            // Kestrel's of chunks whose size no number holds, and of connections that end
            throw new BadHttpRequestException("The body is damaged.", StatusCodes.Status400BadRequest, e);
        }

        read += count;
        return read <= most ? count : throw TooLarge();
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Flush() { }

    private static BadHttpRequestException TooLarge() => new("The body is too large.", StatusCodes.Status413PayloadTooLarge);
}
