using System.Net;
using System.Text;

namespace VlmSharp.Server.Tests.Keys;

/// <summary>Attacks by a foreign web page that is open in a browser on the same machine as a server without keys.</summary>
public sealed class BrowserGateTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Chat = "/v1/chat/completions";

    private string Own => server.Server.Address; // the address is an origin too

    /// <summary>
    /// A foreign name that resolves to this machine (DNS rebinding) is refused, even if the browser takes the request for same-origin.
    /// </summary>
    [Theory]
    [InlineData("evil.test"), InlineData("evil.test:8000"), InlineData("localhost.evil.test"), InlineData("127.0.0.1.evil.test"),
        InlineData("evillocalhost"), InlineData("evil.test.")]
    public async Task A_foreign_name_is_refused_on_every_route(string host)
    {
        foreach (string path in new[] { "/", "/v1/models", "/metrics", "/health/live", "/nowhere" })
        {
            using HttpResponseMessage response =
                await SendAsync(server, HttpMethod.Get, path, ("Host", host), ("Sec-Fetch-Site", "same-origin"));
            Assert.Equal("host_not_allowed", (await RunningServer.ErrorAsync(response, 421))["code"]!.GetValue<string>());
        }

        using HttpResponseMessage chat =
            await SendAsync(server, HttpMethod.Post, Chat, ("Host", host), ("Origin", $"http://{host}"), ("Sec-Fetch-Site", "same-origin"));
        await RunningServer.ErrorAsync(chat, 421);
    }

    [Theory]
    [InlineData("localhost"), InlineData("LOCALHOST:8000"), InlineData("127.0.0.1:1"), InlineData("[::1]:8000"),
        InlineData("app.localhost"), InlineData("192.168.1.7"), InlineData("localhost.")]
    public async Task Addresses_and_localhost_are_accepted(string host)
    {
        using HttpResponseMessage response = await SendAsync(server, HttpMethod.Get, "/v1/models", ("Host", host));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Configured_names_are_accepted_and_so_is_any_name_with_a_key()
    {
        RunningServer named = await RunningServer.StartAsync(o => o with { AllowedHosts = ["vlm.example"] });
        await using (new Ending(named))
        {
            using HttpResponseMessage good = await SendAsync(named, HttpMethod.Get, "/v1/models", ("Host", "VLM.example:80"));
            Assert.Equal(HttpStatusCode.OK, good.StatusCode);
            using HttpResponseMessage bad = await SendAsync(named, HttpMethod.Get, "/v1/models", ("Host", "vlm.example.evil"));
            await RunningServer.ErrorAsync(bad, 421);
        }

        RunningServer keyed = await RunningServer.StartAsync(o => o with { ApiKeys = "alice:0123456789abcdef0123456789abcdef" });
        await using (new Ending(keyed))
        {
            (string, string) key = ("Authorization", "Bearer 0123456789abcdef0123456789abcdef");
            using HttpResponseMessage any = await SendAsync(keyed, HttpMethod.Get, "/v1/models", ("Host", "any.name"), key);
            Assert.Equal(HttpStatusCode.OK, any.StatusCode);
            using HttpResponseMessage none =
                await SendAsync(keyed, HttpMethod.Post, Chat, ("Origin", "https://evil.test"), ("Sec-Fetch-Site", "cross-site"));
            await RunningServer.ErrorAsync(none, 401);
        }
    }

    /// <summary>What a browser lets a page send without a preflight: a form, or text that happens to be JSON.</summary>
    [Theory]
    [InlineData("cross-site", "https://evil.test"), InlineData("same-site", "http://localhost:3000"), InlineData("cross-site", "null"),
        InlineData("cross-site", null)]
    [InlineData(null, "https://evil.test"), InlineData(null, "null"), InlineData(null, "http://127.0.0.1:1"), InlineData("nonsense", null)]
    public async Task What_a_foreign_page_sends_without_a_preflight_is_refused(string? site, string? origin)
    {
        foreach (string path in new[] { Chat, "/v1/caption", "/v1/batch", "/v1/tokenize", "/nowhere" })
        {
            using HttpResponseMessage response =
                await SendAsync(server, HttpMethod.Post, path, ("Sec-Fetch-Site", site), ("Origin", origin));
            Assert.Equal("origin_not_allowed", (await RunningServer.ErrorAsync(response, 403))["code"]!.GetValue<string>());
        }
    }

    [Theory]
    [InlineData("same-origin", "own"), InlineData("none", null), InlineData(null, "own"), InlineData(null, null),
        InlineData("same-origin", "https://proxy.example")]
    public async Task The_servers_own_page_and_programs_are_answered(string? site, string? origin)
    {
        using HttpResponseMessage response =
            await SendAsync(server, HttpMethod.Post, "/v1/tokenize", ("Sec-Fetch-Site", site), ("Origin", origin == "own" ? Own : origin));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    /// <summary>A link to the server's page works from everywhere, but a foreign page cannot read what it requests itself.</summary>
    [Fact]
    public async Task No_answer_may_be_read_by_a_foreign_page()
    {
        foreach (string path in new[] { "/", "/v1/models", "/metrics", "/docs", "/nowhere" })
        {
            using HttpResponseMessage response =
                await SendAsync(server, HttpMethod.Get, path, ("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.test"));
            Assert.DoesNotContain(response.Headers, h => h.Key.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
        }

        using HttpResponseMessage preflight = await PreflightAsync(server, "https://evil.test");
        Assert.False(preflight.IsSuccessStatusCode);
        Assert.DoesNotContain(preflight.Headers, h => h.Key.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_configured_origin_may_ask_and_read(bool needsKey)
    {
        const string Page = "https://app.example.com";
        RunningServer shared = await RunningServer.StartAsync(
            o => o with { AllowedOrigins = [Page], ApiKeys = needsKey ? "alice:0123456789abcdef0123456789abcdef" : null });
        await using var end = new Ending(shared);
        using HttpResponseMessage preflight = await PreflightAsync(shared, Page); // a preflight never has a key
        Assert.Equal(HttpStatusCode.NoContent, preflight.StatusCode);
        Assert.Equal(Page, Assert.Single(preflight.Headers.GetValues("Access-Control-Allow-Origin")));
        Assert.Equal("authorization,content-type", Assert.Single(preflight.Headers.GetValues("Access-Control-Allow-Headers")));
        string? key = needsKey ? "Bearer 0123456789abcdef0123456789abcdef" : null;
        using HttpResponseMessage answer = await SendAsync(
            shared, HttpMethod.Post, "/v1/tokenize", ("Origin", Page), ("Sec-Fetch-Site", "cross-site"), ("Authorization", key));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(Page, Assert.Single(answer.Headers.GetValues("Access-Control-Allow-Origin")));
        Assert.Contains("Origin", answer.Headers.Vary);
        using HttpResponseMessage error = await SendAsync(shared, HttpMethod.Get, "/nowhere", ("Origin", Page), ("Authorization", key));
        await RunningServer.ErrorAsync(error, 404);
        Assert.Equal(Page, Assert.Single(error.Headers.GetValues("Access-Control-Allow-Origin")));
        using HttpResponseMessage other = await PreflightAsync(shared, "https://app.example.com.evil.test");
        Assert.False(other.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Theory, InlineData("*"), InlineData("app.example.com"), InlineData("https://app.example.com/"),
        InlineData("https://app.example.com/x"), InlineData("HTTPS://app.example.com"), InlineData("file:///x"), InlineData("null")]
    public async Task An_origin_that_no_browser_would_send_is_refused_at_the_start(string origin) =>
        await Assert.ThrowsAsync<ArgumentException>(() =>
            VlmServer.StartAsync(
                new ServerOptions { Port = 0, AllowedOrigins = [origin] }, _ => throw new InvalidOperationException("not reached")));

    private static async Task<HttpResponseMessage> PreflightAsync(RunningServer server, string origin) =>
        await SendAsync(
            server, HttpMethod.Options, Chat, ("Origin", origin), ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "authorization,content-type"));

    private static async Task<HttpResponseMessage> SendAsync(
        RunningServer server, HttpMethod method, string path, params (string Name, string? Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, server.Server.Address + path);
        if (method == HttpMethod.Post) request.Content = new StringContent("""{"text":"a car"}""", Encoding.UTF8, "application/json");
        foreach ((string name, string? value) in headers)
            if (value is not null) Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        return await server.Client.SendAsync(request);
    }

    /// <summary>Disposes of a server at the end of a test.</summary>
    private sealed class Ending(RunningServer server) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await server.DisposeAsync();
    }
}
