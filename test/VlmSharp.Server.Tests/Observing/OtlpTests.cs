using System.Text.Json.Nodes;
using VlmSharp.Server.Observing;

namespace VlmSharp.Server.Tests.Observing;

/// <summary>What an OTLP collector receives.</summary>
public sealed class OtlpTests
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_collector_receives_the_request_with_what_the_engine_did_below_it(bool usesGrpc)
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync(usesGrpc);
        var options =
            new OtlpOptions { Endpoint = receiver.Address, UsesGrpc = usesGrpc, Headers = "x-token=secret", ServiceName = "captions" };
        RunningServer server = await RunningServer.StartAsync(all => all with { Otlp = options });
        try
        {
            server.Client.DefaultRequestHeaders.Add("traceparent", $"00-{Trace}-00f067aa0ba902b7-01");
            using HttpResponseMessage response =
                await server.PostAsync("/v1/caption", new JsonObject { ["image"] = RunningServer.SampleUri });
            using HttpResponseMessage health = await server.Client.GetAsync($"{server.Server.Address}/health/live");
            Assert.True(response.IsSuccessStatusCode && health.IsSuccessStatusCode);
        }
        finally
        {
            await server.DisposeAsync(); // disposing sends what is still unsent
        }

        var spans = receiver.Spans.Where(span => span.Trace == Trace).ToArray(); // servers of other tests run in this process too
        Assert.All(spans, span => Assert.Equal("captions", span.Service));
        var request = Assert.Single(spans, span => span.Name == "POST /v1/caption");
        Assert.Equal("00f067aa0ba902b7", request.Parent);
        var generate = Assert.Single(spans, span => span.Parent == request.Id);
        Assert.Equal("generate_content model", generate.Name);
        Assert.Equal(["decode", "prefill", "vision"], spans.Where(span => span.Parent == generate.Id).Select(span => span.Name).Order());
        Assert.Equal(5, spans.Length); // the health route makes no span

        var metrics = receiver.Metrics;
        Assert.Contains(("VlmSharp", "gen_ai.server.time_to_first_token", "s"), metrics);
        Assert.Contains(("VlmSharp", "vlmsharp.step.duration", "s"), metrics);
        Assert.Contains(("VlmSharp.Server", "vlmsharp.server.request.duration", "s"), metrics);
        Assert.Contains(("VlmSharp.Server", "vlmsharp.server.kv_cache.limit", "By"), metrics);
        Assert.Contains("secret", receiver.Tokens);
    }

    [Fact]
    public async Task A_missing_collector_harms_no_request()
    {
        var options = new OtlpOptions { Endpoint = new Uri("http://127.0.0.1:9") }; // the discard port: nobody listens
        await using ObservedServer server = await ObservedServer.StartAsync(otlp: options);
        using HttpResponseMessage response = await server.CaptionAsync();
        Assert.True(response.IsSuccessStatusCode);
    }

    [Theory]
    [InlineData("ftp://collector:4318")]
    [InlineData("/v1/traces")]
    public async Task A_bad_endpoint_is_refused(string endpoint)
    {
        var options = new OtlpOptions { Endpoint = new Uri(endpoint, UriKind.RelativeOrAbsolute) };
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(() => ObservedServer.StartAsync(otlp: options));
        Assert.Contains("http://localhost:4318", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_text_of_the_options_hides_their_headers() =>
        Assert.DoesNotContain(
            "secret",
            new OtlpOptions { Endpoint = new Uri("http://localhost:4318"), Headers = "authorization=secret" }.ToString(),
            StringComparison.Ordinal);
}
