using System.Net;
using System.Net.Http.Headers;

namespace VlmSharp.Hub;

/// <summary>
/// Requests to the hub. The token is sent only to the hub's own address: redirects are followed here, one by one, and without the token if
/// they lead elsewhere. Temporary errors are retried a limited number of times.
/// </summary>
internal sealed class HubTransport : IDisposable
{
    private const int MostRedirects = 5, MostAttempts = 3;

    private static readonly HttpStatusCode[] Passing =
    [
        HttpStatusCode.RequestTimeout, HttpStatusCode.TooManyRequests, HttpStatusCode.InternalServerError, HttpStatusCode.BadGateway,
        HttpStatusCode.ServiceUnavailable, HttpStatusCode.GatewayTimeout,
    ];

    private readonly HttpClient client;
    private readonly HubOptions options;
    private readonly AnswerErrors errors;

    /// <param name="options">The hub and the token.</param>
    /// <param name="model">The requested model, for messages; null for none.</param>
    public HubTransport(HubOptions options, HubModel? model)
    {
        this.options = options;
        errors = new AnswerErrors(options, model);
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = options.Timeout,
            AutomaticDecompression = DecompressionMethods.None, // sizes and ranges refer to the uncompressed file
        };
        client = new HttpClient(handler) { Timeout = System.Threading.Timeout.InfiniteTimeSpan };
        string version = typeof(HubTransport).Assembly.GetName().Version?.ToString(3) ?? "0";
        client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("vlmsharp", version));
        client.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
    }

    public AnswerErrors Errors => errors;

    /// <summary>The response of a successful request, retried if that may help. The body is not read yet.</summary>
    /// <param name="method">GET follows every redirect; HEAD follows those within the hub and returns one that leads elsewhere.</param>
    /// <param name="uri">The address on the hub; the token is sent to no other host.</param>
    /// <param name="file">The requested file, or null for a listing.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>The response.</returns>
    /// <exception cref="HubException">The request failed.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri uri, string? file, CancellationToken cancellationToken)
    {
        for (int failures = 1; ; failures++)
        {
            TimeSpan wait;
            try
            {
                HttpResponseMessage answer = await FollowAsync(method, uri, null, cancellationToken).ConfigureAwait(false);
                if (answer.IsSuccessStatusCode || IsRedirect(answer)) return answer;
                using (answer)
                {
                    TimeSpan? told = RetryAfter.Of(answer);
                    if (!Passing.Contains(answer.StatusCode) || failures == MostAttempts || told > RetryAfter.Longest)
                        throw errors.Of(answer, file);
                    wait = told ?? RetryAfter.Doubled(options.RetryDelay, failures);
                }
            }
            catch (HubException e) when (
                e.Kind is HubErrorKind.Unreachable or HubErrorKind.UnknownHost or HubErrorKind.Timeout && failures < MostAttempts)
            {
                wait = RetryAfter.Doubled(options.RetryDelay, failures);
            }

            await Task.Delay(wait, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Sends a request once and follows redirects.</summary>
    public async Task<HttpResponseMessage> FollowAsync(
        HttpMethod method, Uri uri, RangeHeaderValue? range, CancellationToken cancellationToken)
    {
        for (int redirects = 0; redirects <= MostRedirects; redirects++)
        {
            HttpResponseMessage answer = await SendOnceAsync(method, uri, range, cancellationToken).ConfigureAwait(false);
            if (!IsRedirect(answer)) return answer;
            Uri next = new(uri, answer.Headers.Location!);
            if (method == HttpMethod.Head && !IsSameOrigin(next, uri)) return answer;
            answer.Dispose();
            // A redirect from https must not lead to http.
            if (next.Scheme is not ("http" or "https") || (uri.Scheme == "https" && next.Scheme != "https"))
                throw HubErrors.NotAHub($"{uri.Host} leads to an address that is not safe", options.Root);
            uri = next;
        }

        throw errors.TooManyRedirects();
    }

    private async Task<HttpResponseMessage> SendOnceAsync(
        HttpMethod method, Uri uri, RangeHeaderValue? range, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, uri);
        request.Headers.Range = range;
        if (options.Token is { } token && MayHaveToken(uri))
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Text);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.Timeout);
        try
        {
            return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw errors.TimedOut(uri);
        }
        catch (HttpRequestException e)
        {
            throw AnswerErrors.Of(e, uri);
        }
    }

    /// <summary>The whole body of a small response.</summary>
    /// <exception cref="HubException">The body is too large, or the request failed.</exception>
    public async Task<byte[]> GetSmallAsync(Uri uri, int most, CancellationToken cancellationToken)
    {
        using HttpResponseMessage answer = await SendAsync(HttpMethod.Get, uri, null, cancellationToken).ConfigureAwait(false);
        using var kept = new MemoryStream();
        using Stream body = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var buffer = new byte[1 << 16];
        for (int count; (count = await ReadAsync(body, buffer, uri, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            if (kept.Length + count > most) throw HubErrors.NotAHub($"The answer to {uri.AbsolutePath} does not end", options.Root);
            kept.Write(buffer, 0, count);
        }

        return kept.ToArray();
    }

    /// <summary>Reads some bytes of a body, within the timeout.</summary>
    /// <exception cref="HubException">No bytes arrived in time, or the connection was lost.</exception>
    public async ValueTask<int> ReadAsync(Stream body, Memory<byte> into, Uri uri, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.Timeout);
        try
        {
            return await body.ReadAsync(into, patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw errors.TimedOut(uri);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new HubException(HubErrorKind.Unreachable, $"The connection to {uri.Host} was lost: run the same command again.", e);
        }
    }

    /// <summary>Whether a failure may be temporary: an error of the server, or any error of a download address that expires.</summary>
    public bool MayPass(HttpResponseMessage answer) =>
        Passing.Contains(answer.StatusCode) || (answer.RequestMessage?.RequestUri is { } uri && !IsSameOrigin(uri, options.Endpoint));

    private static bool IsRedirect(HttpResponseMessage answer) =>
        answer.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect
        && answer.Headers.Location is not null;

    /// <summary>Whether the token may be sent to an address: to the hub itself, encrypted or on this machine.</summary>
    internal bool MayHaveToken(Uri uri) => IsSameOrigin(uri, options.Endpoint) && (uri.Scheme == "https" || uri.IsLoopback);

    private static bool IsSameOrigin(Uri a, Uri b) =>
        a.Scheme == b.Scheme && a.Port == b.Port && string.Equals(a.IdnHost, b.IdnHost, StringComparison.OrdinalIgnoreCase);

    public void Dispose() => client.Dispose();
}
