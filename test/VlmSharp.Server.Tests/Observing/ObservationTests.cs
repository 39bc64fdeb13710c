using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using VlmSharp.Server.Observing;

namespace VlmSharp.Server.Tests.Observing;

/// <summary>What the log and the metrics of a real server report about requests.</summary>
public sealed class ObservationTests : IDisposable
{
    private readonly LogStream log = new();

    public void Dispose() => log.Dispose();

    [Fact]
    public async Task An_answer_has_its_line_and_its_measurements()
    {
        await using ObservedServer server = await ObservedServer.StartAsync(new RequestLogOptions { Output = log });
        server.Load();
        using HttpResponseMessage first = await server.CaptionAsync(id: "mine-1");
        using HttpResponseMessage second = await server.CaptionAsync();
        Assert.Equal("mine-1", first.Headers.GetValues("x-request-id").Single());
        Assert.StartsWith("req_", second.Headers.GetValues("x-request-id").Single(), StringComparison.Ordinal);
        string[] lines = await log.ReadAsync(2);
        using JsonDocument line = JsonDocument.Parse(lines[0]), again = JsonDocument.Parse(lines[1]);
        JsonElement one = line.RootElement;
        Assert.Equal(
            ("mine-1", "/v1/caption", 200, "model"),
            (Text(one, "id"), Text(one, "route"), one.GetProperty("status").GetInt32(), Text(one, "model")));
        Assert.Equal((0, 1), (one.GetProperty("cached_images").GetInt32(), again.RootElement.GetProperty("cached_images").GetInt32()));
        foreach (string name in (string[])["vision_ms", "prefill_ms", "decode_ms", "ttft_ms", "total_ms"])
            Assert.True(one.GetProperty(name).GetDouble() > 0, name);
        Assert.Equal(0, again.RootElement.GetProperty("vision_ms").GetDouble());
        Assert.DoesNotContain("caption en", lines[0], StringComparison.Ordinal);
        Assert.DoesNotContain("\"answer\"", lines[0], StringComparison.Ordinal);

        string metrics = await server.MetricsAsync();
        int output = one.GetProperty("completion_tokens").GetInt32(), text = one.GetProperty("text_tokens").GetInt32();
        Assert.Contains(
            "vlmsharp_server_request_duration_seconds_count{http_route=\"/v1/caption\",http_response_status_code=\"200\"} 2\n",
            metrics,
            StringComparison.Ordinal);
        Assert.Contains(
            "vlmsharp_server_request_time_to_first_token_seconds_count{http_route=\"/v1/caption\"} 2\n", metrics, StringComparison.Ordinal);
        Assert.Contains(
            $"vlmsharp_server_tokens_total{{vlmsharp_token_type=\"image\"}} {2 * server.Model.Config.Vision.Patches}\n",
            metrics,
            StringComparison.Ordinal);
        Assert.Contains($"vlmsharp_server_tokens_total{{vlmsharp_token_type=\"text\"}} {2 * text}\n", metrics, StringComparison.Ordinal);
        Assert.Contains(
            $"vlmsharp_server_tokens_total{{vlmsharp_token_type=\"output\"}} {2 * output}\n", metrics, StringComparison.Ordinal);
        Assert.Contains("vlmsharp_server_picture_cache_hits_total 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("vlmsharp_server_picture_cache_misses_total 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains(
            $"vlmsharp_server_picture_cache_usage_bytes {server.Model.ImageFeatures.Bytes}\n", metrics, StringComparison.Ordinal);
        Assert.Contains($"vlmsharp_server_kv_cache_limit_bytes {server.Model.Engine.MaxKvCacheBytes}\n", metrics, StringComparison.Ordinal);
        Assert.Contains(
            "vlmsharp_server_model_info{gen_ai_request_model=\"model\",vlmsharp_backend=\"CpuBackend\"} 1\n",
            metrics,
            StringComparison.Ordinal);
        // the request for the metrics does not count
        Assert.Contains("vlmsharp_server_requests_active 0\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prompts_and_answers_are_logged_on_demand()
    {
        await using ObservedServer server = await ObservedServer.StartAsync(new RequestLogOptions { Output = log, IncludeContent = true });
        using HttpResponseMessage response = await server.CaptionAsync();
        using JsonDocument line = JsonDocument.Parse(Assert.Single(await log.ReadAsync(1)));
        Assert.Equal(
            ("caption en", await response.Content.ReadAsStringAsync()),
            (Text(line.RootElement, "prompt"), Text(line.RootElement, "answer")));
    }

    [Fact]
    public async Task Failures_are_reported_too()
    {
        await using ObservedServer server = await ObservedServer.StartAsync(new RequestLogOptions { Output = log });
        Assert.Equal(HttpStatusCode.TooManyRequests, (await server.Client.GetAsync("/full")).StatusCode);
        Assert.Equal(HttpStatusCode.InternalServerError, (await server.Client.GetAsync("/broken")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Client.GetAsync("/no/such\u0009path%0a")).StatusCode);
        await server.Client.GetAsync("/items/5?client=a%0ab&model=%1b%5b2J");
        string[] lines = await log.ReadAsync(4);
        Assert.Equal([("/full", 429), ("/broken", 500), ("unmatched", 404), ("/items/{id}", 200)], lines.Select(line =>
        {
            JsonElement json = JsonDocument.Parse(line).RootElement;
            return (Text(json, "route"), json.GetProperty("status").GetInt32());
        }));
        Assert.Contains("\"rejected\":\"client_limit\"", lines[0], StringComparison.Ordinal);
        Assert.Contains("\"error\":\"server_error\"", lines[1], StringComparison.Ordinal);
        Assert.DoesNotContain("secret", lines[1], StringComparison.Ordinal);
        Assert.All(lines, line => Assert.Equal(line.Length - 1, line.IndexOf('\n')));
        string metrics = await server.MetricsAsync();
        Assert.Contains("vlmsharp_server_rejections_total{vlmsharp_reason=\"client_limit\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains(
            "vlmsharp_server_request_duration_seconds_count{http_route=\"unmatched\",http_response_status_code=\"404\"} 1\n",
            metrics,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_leaves_is_reported_as_such()
    {
        await using ObservedServer server = await ObservedServer.StartAsync(new RequestLogOptions { Output = log });
        using var leave = new CancellationTokenSource();
        Task<HttpResponseMessage> asked = server.Client.GetAsync("/slow", leave.Token);
        while (!(await server.MetricsAsync()).Contains("vlmsharp_server_requests_active 1\n", StringComparison.Ordinal))
            await Task.Delay(1);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        string line = Assert.Single(await log.ReadAsync(1));
        Assert.Contains("\"status\":499,\"error\":\"canceled\"", line, StringComparison.Ordinal);
        Assert.Contains("vlmsharp_server_requests_active 0\n", await server.MetricsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_goes_from_loading_to_ready_to_draining_and_is_not_logged_while_it_is_well()
    {
        await using ObservedServer server = await ObservedServer.StartAsync(new RequestLogOptions { Output = log });
        HealthState health = server.Services.GetRequiredService<HealthState>();
        Assert.Equal((200, 503, "loading"), await HealthAsync(server));
        server.Load();
        Assert.Equal((200, 200, "ready"), await HealthAsync(server));
        Assert.Contains("vlmsharp_server_ready 1\n", await server.MetricsAsync(), StringComparison.Ordinal);
        health.Drain();
        Assert.Equal((200, 503, "draining"), await HealthAsync(server));
        health.Ready(); // there is no way back from draining
        Assert.Equal((200, 503, "draining"), await HealthAsync(server));
        health.Fail("The model could not be loaded.");
        Assert.Equal((503, 503, "failed"), await HealthAsync(server));
        string[] lines = await log.ReadAsync(5);
        Assert.Equal(
            ["/health/ready", "/health/ready", "/health/ready", "/health/live", "/health/ready"],
            lines.Select(line => Text(JsonDocument.Parse(line).RootElement, "route")));
    }

    private static async Task<(int Live, int Ready, string Phase)> HealthAsync(ObservedServer server)
    {
        using HttpResponseMessage live = await server.Client.GetAsync("/health/live"),
            ready = await server.Client.GetAsync("/health/ready");
        using JsonDocument json = JsonDocument.Parse(await ready.Content.ReadAsStringAsync());
        Assert.Equal("application/json", ready.Content.Headers.ContentType!.MediaType);
        Assert.Equal(ready.IsSuccessStatusCode ? "ok" : "unavailable", Text(json.RootElement, "status"));
        Assert.NotEmpty(Text(json.RootElement, "reason")!);
        return ((int)live.StatusCode, (int)ready.StatusCode, Text(json.RootElement, "phase")!);
    }

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();
}
