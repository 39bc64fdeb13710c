using VlmSharp.Server.Observing;

namespace VlmSharp.Server.Tests.Observing;

/// <summary>What a collector receives.</summary>
public sealed class OtlpTests
{
    [Fact]
    public async Task A_collector_receives_the_request_with_what_the_engine_did_below_it()
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        var options = new OtlpOptions { Endpoint = receiver.Address, Headers = "x-token=secret", ServiceName = "captions" };
        await using (ObservedServer server = await ObservedServer.StartAsync(otlp: options))
        {
            server.Load();
            using HttpResponseMessage response = await server.CaptionAsync();
            Assert.True(response.IsSuccessStatusCode);
            using HttpResponseMessage health = await server.Client.GetAsync("/health/live");
        } // what has not been sent is sent now

        var spans = receiver.Spans;
        Assert.All(spans, span => Assert.Equal("captions", span.Service));
        var request = Assert.Single(spans, span => span.Name == "POST /v1/caption");
        var generate = Assert.Single(spans, span => span.Parent == request.Id);
        Assert.Equal(("generate_content model", request.Trace), (generate.Name, generate.Trace));
        Assert.Equal(["decode", "prefill", "vision"], spans.Where(span => span.Parent == generate.Id).Select(span => span.Name).Order());
        Assert.DoesNotContain(spans, span => span.Name.Contains("health", StringComparison.Ordinal));

        var metrics = receiver.Metrics;
        Assert.Contains(("VlmSharp", "gen_ai.server.time_to_first_token", "s"), metrics);
        Assert.Contains(("VlmSharp", "vlmsharp.step.duration", "s"), metrics);
        Assert.Contains(("VlmSharp.Server", "vlmsharp.server.request.duration", "s"), metrics);
        Assert.Contains(("VlmSharp.Server", "vlmsharp.server.kv_cache.limit", "By"), metrics);
        Assert.Contains("secret", receiver.Tokens);
    }

    [Fact]
    public async Task A_collector_that_is_not_there_harms_nobody()
    {
        var options = new OtlpOptions { Endpoint = new Uri("http://127.0.0.1:9") }; // the discard port: nobody listens
        await using ObservedServer server = await ObservedServer.StartAsync(otlp: options);
        using HttpResponseMessage response = await server.CaptionAsync();
        Assert.True(response.IsSuccessStatusCode);
    }

    [Theory]
    [InlineData("ftp://collector:4318")]
    [InlineData("/v1/traces")]
    public async Task An_endpoint_that_is_none_is_refused(string endpoint)
    {
        var options = new OtlpOptions { Endpoint = new Uri(endpoint, UriKind.RelativeOrAbsolute) };
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(() => ObservedServer.StartAsync(otlp: options));
        Assert.Contains("http://localhost:4318", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_do_not_tell_their_headers() =>
        Assert.DoesNotContain("secret", new OtlpOptions { Endpoint = new Uri("http://localhost:4318"), Headers = "authorization=secret" }.ToString(), StringComparison.Ordinal);
}
