using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Pictures;

namespace VlmSharp.Server.Tests.Pictures;

/// <summary>Fetching pictures from test servers on loopback, by names that only the tests' resolver knows.</summary>
public class PictureFetcherTests
{
    private static readonly byte[] Body = [.. Enumerable.Range(0, 3000).Select(i => (byte)i)];

    [Fact]
    public async Task A_file_of_an_allowed_host_is_fetched_without_cookies_proxy_or_traces()
    {
        using var server = new LocalServer(_ => LocalServer.Ok(Body, "Content-Type: text/html\r\nSet-Cookie: a=b\r\n"));
        var asked = new List<string>();
        using var trace = new Activity("a request that is traced");
        trace.Start();
        var proxy = new RecordingProxy();
        HttpClient.DefaultProxy = proxy;
        using PictureFetcher fetcher = Fetcher(Options(server), resolve: name =>
        {
            asked.Add(name);
            return [IPAddress.Loopback];
        });
        for (int i = 0; i < 2; i++) Assert.Equal(Body, (await Fetch(fetcher, server, "/a.png?x=1#part")).ToArray());
        Assert.Empty(proxy.Asked);
        // Each request looks the name up again.
        Assert.Equal(["pictures.test", "pictures.test"], asked);
        Assert.All(server.Requests, request =>
        {
            string[] lines = request.TrimEnd().Split("\r\n");
            Assert.Equal("GET /a.png?x=1 HTTP/1.1", lines[0]);
            Assert.Equal(
                ["Accept", "Accept-Encoding", "Host", "User-Agent"],
                lines[1..].Select(line => line.Split(':')[0]).Order(StringComparer.Ordinal));
        });
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.0.0.5")]
    [InlineData("169.254.169.254")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("93.184.216.34", "127.0.0.1")] // one bad address among good ones
    [InlineData("127.0.0.1", "93.184.216.34")]
    public async Task A_name_with_an_internal_address_is_refused_without_a_connection(params string[] addresses)
    {
        using var server = new LocalServer(_ => LocalServer.Ok(Body));
        using PictureFetcher fetcher = new(Options(server), (_, _) => Task.FromResult(Array.ConvertAll(addresses, IPAddress.Parse)));
        ApiException e = await Fault(fetcher, server, "/");
        Assert.Equal((400, "invalid_image_url"), (e.Status, e.Code));
        Assert.Contains("not a public one", e.Message, StringComparison.Ordinal);
        Assert.All(addresses, address => Assert.DoesNotContain(address, e.Message, StringComparison.Ordinal));
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("2130706433")]
    [InlineData("0x7f.1")]
    [InlineData("0177.0.0.1")]
    [InlineData("127.1")]
    public async Task A_loopback_address_is_refused_in_every_spelling_even_when_listed(string host)
    {
        using var server = new LocalServer(_ => LocalServer.Ok(Body));
        using PictureFetcher fetcher = new(new PictureOptions { AllowedHosts = [$"127.0.0.1:{server.Port}"] });
        ApiException e = await Assert.ThrowsAsync<ApiException>(() => fetcher.FetchAsync($"http://{host}:{server.Port}/", default));
        Assert.Contains("not a public one", e.Message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    /// <summary>DNS rebinding: a name that is public when it is checked and loopback when it is used.</summary>
    [Fact]
    public async Task The_address_that_was_checked_is_the_one_that_is_connected_to()
    {
        using var server = new LocalServer(_ => LocalServer.Ok(Body));
        int lookups = 0;
        var checkedAddresses = new List<IPAddress>();
        using PictureFetcher fetcher = new(
            Options(server),
            (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(++lookups == 1 ? "127.0.0.1" : "127.0.0.2")]),
            address =>
            {
                checkedAddresses.Add(address);
                return address.Equals(IPAddress.Loopback);
            });
        Assert.Equal(Body.Length, (await Fetch(fetcher, server, "/")).Length);
        Assert.Equal((1, 1), (lookups, checkedAddresses.Count));
        Assert.Contains("not a public one", (await Fault(fetcher, server, "/")).Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Three_redirects_are_followed_and_a_fourth_is_not(int status)
    {
        using var server =
            new LocalServer(path => path == "/0" ? LocalServer.Ok(Body) : LocalServer.Redirect($"/{int.Parse(path[1..]) - 1}", status));
        using PictureFetcher fetcher = Fetcher(Options(server));
        Assert.Equal(Body, (await Fetch(fetcher, server, "/3")).ToArray());
        Assert.Equal(4, server.Requests.Count);
        Assert.Contains("redirects more than 3 times", (await Fault(fetcher, server, "/4")).Message, StringComparison.Ordinal);
        Assert.Equal(8, server.Requests.Count);
    }

    [Theory]
    [InlineData("http://other.test:{port}/", "not among those")]
    [InlineData("http://127.0.0.1:{port}/", "not among those")]
    [InlineData("http://pictures.test:22/", "not among those")]
    [InlineData("//evil.test/", "not among those")]
    [InlineData("http://user:pass@pictures.test:{port}/", "user name")]
    [InlineData("file:///etc/passwd", "not one of http")]
    [InlineData("gopher://pictures.test/", "not one of http")]
    [InlineData("http://inside.test:{port}/", "not a public one")]
    public async Task A_redirect_to_a_forbidden_place_is_not_followed(string location, string reason)
    {
        using var server = new LocalServer(_ => null!);
        using var first =
            new LocalServer(_ => LocalServer.Redirect(location.Replace("{port}", $"{server.Port}", StringComparison.Ordinal)));
        var options = new PictureOptions
        {
            AllowedHosts = [$"pictures.test:{first.Port}", $"pictures.test:{server.Port}", $"inside.test:{server.Port}"],
        };
        using PictureFetcher fetcher = Fetcher(
            options,
            resolve: name => [IPAddress.Parse(name == "inside.test" ? "127.0.0.66" : "127.0.0.1")],
            allows: a => !a.Equals(IPAddress.Parse("127.0.0.66")));
        ApiException e = await Assert.ThrowsAsync<ApiException>(() => fetcher.FetchAsync($"http://pictures.test:{first.Port}/", default));
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
        Assert.Equal(400, e.Status);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_stated_length_over_the_limit_is_refused_before_the_body()
    {
        using var server = new LocalServer((_, stream, cancel) =>
            stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 5001\r\n\r\n"u8.ToArray(), cancel).AsTask());
        using PictureFetcher fetcher = Fetcher(Options(server) with { MaxBytes = 5000 });
        Assert.Equal((413, "image_too_large"), await Fault(fetcher, server, "/") is var e ? (e.Status, e.Code) : default);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true)]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false)]
    public async Task An_endless_body_is_cut_at_the_limit(string head, bool chunked)
    {
        long sent = 0;
        using var server = new LocalServer(async (_, stream, cancel) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head), cancel);
            byte[] kilobyte = chunked ? [.. "400\r\n"u8, .. new byte[1024], .. "\r\n"u8] : new byte[1024];
            while (true)
            {
                await stream.WriteAsync(kilobyte, cancel);
                Interlocked.Add(ref sent, 1024);
            }
        });
        using PictureFetcher fetcher = Fetcher(Options(server) with { MaxBytes = 100_000 });
        ApiException e = await Fault(fetcher, server, "/");
        Assert.Equal((413, "image_too_large"), (e.Status, e.Code));
        // The data on its way fits in the buffers of the sockets.
        Assert.InRange(Interlocked.Read(ref sent), 90_000, 64 << 20);
    }

    [Fact]
    public async Task A_body_of_exactly_the_limit_is_accepted()
    {
        using var server = new LocalServer(_ => LocalServer.Ok(Body));
        using PictureFetcher fetcher = Fetcher(Options(server) with { MaxBytes = Body.Length });
        Assert.Equal(Body, (await Fetch(fetcher, server, "/")).ToArray());
        using PictureFetcher less = Fetcher(Options(server) with { MaxBytes = Body.Length - 1 });
        Assert.Equal(413, (await Fault(less, server, "/")).Status);
    }

    [Theory]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "status 404")]
    [InlineData("HTTP/1.1 500 secret at 0x7ffe\r\nContent-Length: 0\r\n\r\n", "status 500")]
    [InlineData("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n", "status 401")]
    [InlineData("HTTP/1.1 206 Partial Content\r\nContent-Length: 0\r\n\r\n", "status 206")]
    [InlineData("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "redirects to nowhere")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", "content encoding")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "cannot be fetched")]
    [InlineData("SSH-2.0-OpenSSH_9.2 secret\r\n\r\n", "cannot be fetched")]
    [InlineData("", "cannot be fetched")]
    public async Task A_bad_answer_is_a_400_that_reveals_nothing_about_it(string answer, string reason)
    {
        using var server = new LocalServer(_ => Encoding.ASCII.GetBytes(answer));
        using PictureFetcher fetcher = Fetcher(Options(server));
        ApiException e = await Fault(fetcher, server, "/");
        Assert.Equal(400, e.Status);
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Very_long_headers_are_refused()
    {
        using var server = new LocalServer(_ => LocalServer.Ok(Body, $"X: {new string('x', 100_000)}\r\n"));
        using PictureFetcher fetcher = Fetcher(Options(server));
        Assert.Contains("cannot be fetched", (await Fault(fetcher, server, "/")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_closed_port_and_an_unknown_name_give_the_same_error()
    {
        int port;
        using (var closed = new LocalServer(_ => Body)) port = closed.Port;
        var options = new PictureOptions { AllowedHosts = [$"pictures.test:{port}"] };
        using PictureFetcher refused = Fetcher(options), unknown = Fetcher(options, resolve: _ => []);
        string url = $"http://pictures.test:{port}/";
        string one = (await Assert.ThrowsAsync<ApiException>(() => refused.FetchAsync(url, default))).Message;
        Assert.Equal(one, (await Assert.ThrowsAsync<ApiException>(() => unknown.FetchAsync(url, default))).Message);
    }

    /// <summary>
    /// The total time runs from the first byte of the request to the last byte of the picture, so dripping does not extend it.
    /// </summary>
    [Fact]
    public async Task A_body_that_drips_ends_with_the_total_time()
    {
        var clock = new ManualClock();
        using var server = new LocalServer(async (_, stream, cancel) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n"u8.ToArray(), cancel);
            for (int i = 0; i < 3; i++)
            {
                await stream.WriteAsync(new byte[1], cancel);
                clock.Advance(TimeSpan.FromSeconds(5));
            }
            await Task.Delay(Timeout.Infinite, cancel);
        });
        using PictureFetcher fetcher = Fetcher(Options(server), clock: clock);
        Assert.Contains("too long", (await Fault(fetcher, server, "/")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_resolver_that_never_answers_ends_with_the_time_to_connect()
    {
        using PictureFetcher fetcher = new(
            new PictureOptions { AllowedHosts = ["pictures.test"], ConnectTimeout = TimeSpan.FromMilliseconds(1) },
            async (_, cancel) =>
            {
                await Task.Delay(Timeout.Infinite, cancel);
                return [];
            });
        ApiException e = await Assert.ThrowsAsync<ApiException>(() => fetcher.FetchAsync("http://pictures.test/", default));
        Assert.Contains("too long", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_leaves_ends_the_fetch()
    {
        using var leave = new CancellationTokenSource();
        using var server = new LocalServer(async (path, stream, cancel) =>
        {
            if (path == "/good")
            {
                await stream.WriteAsync(LocalServer.Ok(Body), cancel);
                return;
            }
            await leave.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancel);
        });
        using PictureFetcher fetcher = Fetcher(Options(server));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => fetcher.FetchAsync($"http://pictures.test:{server.Port}/", leave.Token));
        Assert.Equal(Body, (await Fetch(fetcher, server, "/good")).ToArray());
    }

    /// <summary>Takes the place of the environment's proxy. Requests of other tests bypass it.</summary>
    private sealed class RecordingProxy : IWebProxy
    {
        public ConcurrentQueue<Uri> Asked { get; } = new();

        public ICredentials? Credentials { get; set; }

        public Uri? GetProxy(Uri destination) => null;

        public bool IsBypassed(Uri host)
        {
            if (host.Host == "pictures.test") Asked.Enqueue(host);
            return true;
        }
    }

    private static PictureOptions Options(LocalServer server) => new() { AllowedHosts = [$"pictures.test:{server.Port}"] };

    private static PictureFetcher Fetcher(
        PictureOptions options,
        Func<string, IPAddress[]>? resolve = null,
        Func<IPAddress, bool>? allows = null,
        TimeProvider? clock = null) =>
        new(options, (name, _) => Task.FromResult(resolve?.Invoke(name) ?? [IPAddress.Loopback]), allows ?? IPAddress.IsLoopback, clock);

    private static Task<ReadOnlyMemory<byte>> Fetch(PictureFetcher fetcher, LocalServer server, string path) =>
        fetcher.FetchAsync($"http://pictures.test:{server.Port}{path}", CancellationToken.None);

    private static Task<ApiException> Fault(PictureFetcher fetcher, LocalServer server, string path) =>
        Assert.ThrowsAsync<ApiException>(() => Fetch(fetcher, server, path));
}
