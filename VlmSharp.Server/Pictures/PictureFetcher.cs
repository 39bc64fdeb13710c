using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using VlmSharp.Server.Errors;

namespace VlmSharp.Server.Pictures;

/// <summary>
/// Fetches a picture by its URL without letting the client reach what only the server can: only listed hosts, every redirect checked again,
/// and the checked address is the one that is connected to. A name is resolved once per connection, so a changed answer between check and
/// use (DNS rebinding) has no effect. No proxy, no cookies, no credentials, no connection shared between requests.
/// </summary>
internal sealed class PictureFetcher : IDisposable
{
    private const int FirstBytes = 1 << 16, MostAddresses = 8, HeaderKilobytes = 16;

    private readonly PictureOptions options;
    private readonly HostList hosts;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> resolve;
    private readonly Func<IPAddress, bool> allows;
    private readonly TimeProvider clock;
    private readonly HttpMessageInvoker http;

    /// <summary>Makes a fetcher.</summary>
    /// <param name="options">Hosts and limits.</param>
    /// <param name="resolve">From a name to its addresses; the system's resolver when null.</param>
    /// <param name="allows">Which addresses may be connected to; <see cref="AddressRules"/> when null.</param>
    /// <param name="clock">What the total time is measured by; the system's when null.</param>
    public PictureFetcher(
        PictureOptions options, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null, Func<IPAddress, bool>? allows = null,
        TimeProvider? clock = null)
    {
        this.options = options;
        this.resolve = resolve ?? Dns.GetHostAddressesAsync;
        this.allows = allows ?? AddressRules.Allows;
        this.clock = clock ?? TimeProvider.System;
        hosts = new HostList(options.AllowedHosts);
        http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            PreAuthenticate = false,
            ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
            ConnectTimeout = options.ConnectTimeout,
            ConnectCallback = ConnectAsync,
            MaxResponseHeadersLength = HeaderKilobytes,
            MaxResponseDrainSize = 0,
            // Each request resolves and checks the name itself.
            PooledConnectionLifetime = TimeSpan.Zero,
        });
    }

    /// <summary>Fetches a file.</summary>
    /// <param name="url">The client's text.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Its bytes, which may be anything: the server's word on their type is not asked.</returns>
    /// <exception cref="ApiException">400, or 413 for more bytes than the limit.</exception>
    public async Task<ReadOnlyMemory<byte>> FetchAsync(string url, CancellationToken cancellationToken)
    {
        Uri uri = PictureUrl.Check(url, hosts);
        try
        {
            using var timeout = new CancellationTokenSource(options.FetchTimeout, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            return await FollowAsync(uri, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw PictureErrors.InvalidUrl("The image's server takes too long to answer; send the image itself as a data URI.");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            // The handler's message would reveal facts about the network behind the server.
            throw Refusal(e) ?? PictureErrors.InvalidUrl("The image cannot be fetched from its URL; send the image itself as a data URI.");
        }
    }

    /// <summary>Lets the connections go.</summary>
    public void Dispose() => http.Dispose();

    private async Task<ReadOnlyMemory<byte>> FollowAsync(Uri uri, CancellationToken cancellationToken)
    {
        for (int redirects = 0; ; redirects++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, uri);
            request.Headers.TryAddWithoutValidation("Accept", "image/*");
            request.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
            request.Headers.TryAddWithoutValidation("User-Agent", "VlmSharp");
            using HttpResponseMessage response = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
            switch (response.StatusCode)
            {
                case HttpStatusCode.OK:
                    return await ReadAsync(response.Content, cancellationToken).ConfigureAwait(false);
                case HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
                    or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect:
                    if (redirects == options.MaxRedirects)
                        throw PictureErrors.InvalidUrl($"The image URL redirects more than {options.MaxRedirects} times.");
                    uri = PictureUrl.Next(uri, response.Headers.Location, hosts);
                    break;
                default:
                    throw PictureErrors.InvalidUrl($"The image's server answers with status {(int)response.StatusCode}.");
            }
        }
    }

    private async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        // Compressed content would have to be inflated, by an unbounded factor.
        if (content.Headers.ContentEncoding.Any(encoding => !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase)))
            throw PictureErrors.InvalidUrl("The image's server sends it with a content encoding that was not asked for.");
        int most = options.MaxBytes;
        if (content.Headers.ContentLength > most)
            throw PictureErrors.TooManyBytes(most);
        // The stated length cannot be trusted: memory grows with the received bytes, to one byte beyond the limit.
        Stream stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        byte[] bytes = new byte[Math.Min(most + 1L, FirstBytes)];
        int count = 0;
        while (await stream.ReadAsync(bytes.AsMemory(count), cancellationToken).ConfigureAwait(false) is var read and > 0)
        {
            count += read;
            if (count > most) throw PictureErrors.TooManyBytes(most);
            if (count == bytes.Length) Array.Resize(ref bytes, (int)Math.Min(most + 1L, 2L * bytes.Length));
        }
        return bytes.AsMemory(0, count);
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        DnsEndPoint target = context.DnsEndPoint;
        IPAddress[] addresses = IPAddress.TryParse(target.Host, out IPAddress? literal)
            ? [literal]
            : await resolve(target.Host, cancellationToken).ConfigureAwait(false);
        // One bad address among good ones means that somebody points the name at the internal network.
        if (!Array.TrueForAll(addresses, address => allows(address)))
            throw PictureErrors.InvalidUrl("The image URL's host has an address that is not a public one; nothing is fetched from there.");
        SocketException? last = null;
        foreach (IPAddress address in addresses.Take(MostAddresses))
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(address, target.Port), cancellationToken).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception e)
            {
                socket.Dispose();
                if (e is not SocketException failure) throw;
                last = failure;
            }
        }
        throw last ?? new SocketException((int)SocketError.HostNotFound);
    }

    // The handler wraps the exception of the connect callback.
    private static ApiException? Refusal(Exception? e)
    {
        for (; e is not null; e = e.InnerException)
            if (e is ApiException refusal) return PictureErrors.InvalidUrl(refusal.Message);
        return null;
    }
}
