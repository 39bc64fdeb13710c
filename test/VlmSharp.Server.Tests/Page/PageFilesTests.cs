using System.Net;
using System.Text.RegularExpressions;
using VlmSharp.Server.Page;

namespace VlmSharp.Server.Tests.Page;

/// <summary>The page's files as a browser receives them.</summary>
public sealed partial class PageFilesTests : IAsyncLifetime, IDisposable
{
    private ScriptedServer server = null!;
    private readonly HttpClient client = new();

    public async Task InitializeAsync()
    {
        server = await ScriptedServer.StartAsync((_, _) => Task.CompletedTask);
        client.BaseAddress = new Uri(server.Origin);
    }

    public async Task DisposeAsync() => await server.DisposeAsync();

    public void Dispose() => client.Dispose();

    [Theory]
    [InlineData("/", "text/html; charset=utf-8")]
    [InlineData("/docs", "text/html; charset=utf-8")]
    [InlineData("/openapi.json", "application/json; charset=utf-8")]
    [InlineData("/page/page.css", "text/css; charset=utf-8")]
    [InlineData("/page/main.js", "text/javascript; charset=utf-8")]
    [InlineData("/page/icon.svg", "image/svg+xml")]
    [InlineData("/page/sun.png", "image/png")]
    [InlineData("/page/frame.html", "text/html; charset=utf-8")]
    public async Task A_file_has_its_type_and_the_browser_may_not_guess_another(string path, string type)
    {
        using HttpResponseMessage response = await client.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(type, response.Content.Headers.ContentType!.ToString());
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("no-referrer", response.Headers.GetValues("Referrer-Policy").Single());
    }

    [Fact]
    public async Task No_document_may_run_inline_scripts_or_load_anything_from_elsewhere()
    {
        foreach (string path in (string[])["/", "/docs", "/page/frame.html"])
        {
            using HttpResponseMessage response = await client.GetAsync(path);
            var policy = response.Headers.GetValues("Content-Security-Policy").Single().Split(';', StringSplitOptions.TrimEntries)
                .Select(directive => directive.Split(' ')).ToDictionary(words => words[0], words => words[1..]);
            string[] scripts = policy.GetValueOrDefault("script-src", policy["default-src"]);
            Assert.Equal(["'self'"], scripts);
            Assert.All(
                policy.Values.SelectMany(sources => sources),
                source => Assert.Contains(source, (string[])["'self'", "'none'", "data:", "blob:", "'unsafe-inline'"]));
            Assert.Equal(path == "/page/frame.html", policy.GetValueOrDefault("style-src")?.Contains("'unsafe-inline'") ?? false);
            Assert.Equal([path == "/page/frame.html" ? "'self'" : "'none'"], policy["frame-ancestors"]);
        }
    }

    [Fact]
    public async Task A_file_that_the_browser_has_is_not_sent_again()
    {
        foreach (string path in (string[])["/", "/page/main.js", "/page/sun.png"])
        {
            using HttpResponseMessage first = await client.GetAsync(path);
            using var again = new HttpRequestMessage(HttpMethod.Get, path);
            again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
            using HttpResponseMessage second = await client.SendAsync(again);
            Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
            Assert.Equal(first.Headers.ETag, second.Headers.ETag);
            Assert.Empty(await second.Content.ReadAsByteArrayAsync());

            using var other = new HttpRequestMessage(HttpMethod.Get, path);
            other.Headers.TryAddWithoutValidation("If-None-Match", "\"another\"");
            using HttpResponseMessage third = await client.SendAsync(other);
            Assert.Equal(HttpStatusCode.OK, third.StatusCode);
        }
    }

    [Fact]
    public async Task Tags_of_different_files_differ()
    {
        string[] tags = await Task.WhenAll(
            PageFile.Names.Select(async name => (await client.GetAsync(AddressOf(name))).Headers.ETag!.Tag));
        Assert.Equal(tags.Length, tags.Distinct().Count());
    }

    [Fact]
    public async Task Head_answers_with_the_length_alone()
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, "/page/sun.png");
        using HttpResponseMessage response = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal((await client.GetByteArrayAsync("/page/sun.png")).Length, response.Content.Headers.ContentLength);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("/page/../main.js")]
    [InlineData("/page/%2e%2e/%2e%2e/etc/passwd")]
    [InlineData("/page/none.js")]
    [InlineData("/page/")]
    public async Task There_is_no_other_file(string path)
    {
        using HttpResponseMessage response = await client.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task Every_file_that_a_file_names_is_there()
    {
        foreach (string path in (string[])[
            "/",
            "/docs",
            "/page/frame.html",
            .. PageFile.Names.Where(name => name.EndsWith(".js", StringComparison.Ordinal)).Select(name => "/page/" + name)
        ])
        {
            string text = await client.GetStringAsync(path);
            foreach (Match named in Named().Matches(text))
            {
                using HttpResponseMessage response =
                    await client.GetAsync(named.Groups[1].Value.Replace("./", "/page/", StringComparison.Ordinal));
                Assert.True(response.IsSuccessStatusCode, $"{path} names {named.Groups[1].Value}, which is not there.");
            }
        }
    }

    [Fact]
    public async Task The_page_and_its_samples_are_small()
    {
        int bytes = 0;
        foreach (string name in PageFile.Names.Where(name => name is not ("index.html" or "docs.html" or "openapi.json")))
            bytes += (await client.GetByteArrayAsync("/page/" + name)).Length;
        Assert.InRange(bytes, 1, 400_000);
    }

    // src="/page/x", href="/page/x", from "./x.js"
    [GeneratedRegex("""(?:(?:src|href)="|from ")((?:/page/|\./)[\w.-]+)"[ >;]""")]
    private static partial Regex Named();

    private static string AddressOf(string name) => name switch
    {
        "index.html" => "/",
        "docs.html" => "/docs",
        "openapi.json" => "/openapi.json",
        _ => $"/page/{name}",
    };
}
