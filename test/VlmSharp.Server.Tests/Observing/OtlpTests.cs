using VlmSharp.Server.Observing;

namespace VlmSharp.Server.Tests.Observing;

/// <summary>What a collector receives.</summary>
public sealed class OtlpTests
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_collector_receives_the_request_with_what_the_engine_did_below_it(bool usesGrpc)
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync(usesGrpc);
        var options = new OtlpOptions { Endpoint = receiver.Address, UsesGrpc = usesGrpc, Headers = "x-token=secret", ServiceName = "captions" };
        await using (ObservedServer server = await ObservedServer.StartAsync(otlp: options))
        {
            server.Load();
            server.Client.DefaultRequestHeaders.Add("traceparent", $"00-{Trace}-00f067aa0ba902b7-01");
            using HttpResponseMessage response = await server.CaptionAsync(), health = await server.Client.GetAsync("/health/live");
            Assert.True(response.IsSuccessStatusCode && health.IsSuccessStatusCode);
        } // what has not been sent is sent now

        var spans = receiver.Spans.Where(span => span.Trace == Trace).ToArray(); // other tests' servers are in this process too
        Assert.All(spans, span => Assert.Equal("captions", span.Service));
        var request = Assert.Single(spans, span => span.Name == "POST /v1/caption");
        Assert.Equal("00f067aa0ba902b7", request.Parent);
        var generate = Assert.Single(spans, span => span.Parent == request.Id);
        Assert.Equal("generate_content model", generate.Name);
        Assert.Equal(["decode", "prefill", "vision"], spans.Where(span => span.Parent == generate.Id).Select(span => span.Name).Order());
        Assert.Equal(5, spans.Length); // none of the health route

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
