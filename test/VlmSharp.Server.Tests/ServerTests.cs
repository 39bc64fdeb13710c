using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Generation;

namespace VlmSharp.Server.Tests;

public sealed class ServerTests
{
    private const string Chat = "/v1/chat/completions";

    private static JsonObject Long() => RunningServer.Chat("caption en", ("ignore_eos", true), ("max_tokens", 300), ("stream", true));

    [Fact]
    public async Task It_listens_at_once_and_is_ready_when_the_model_is_loaded()
    {
        using var backend = new CpuBackend();
        using var client = new HttpClient();
        var go = new TaskCompletionSource();
        VisionLanguageModel? model = null;
        await using (VlmServer server = await VlmServer.StartAsync(new ServerOptions { Port = 0 }, cancellation =>
        {
            go.Task.Wait(cancellation);
            return model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend, null, cancellation);
        }))
        {
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(server.Address + "/health/live")).StatusCode);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync(server.Address + "/health/ready")).StatusCode);
            HttpResponseMessage early =
                await client.PostAsync(server.Address + Chat, new StringContent("{}", Encoding.UTF8, "application/json"));
            Assert.NotNull(early.Headers.RetryAfter);
            Assert.Equal("unavailable", (await RunningServer.ErrorAsync(early, 503))["type"]!.GetValue<string>());
            await RunningServer.ErrorAsync(await client.GetAsync(server.Address + "/v1/models"), 503);
            go.SetResult();
            await server.Ready;
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(server.Address + "/health/ready")).StatusCode);
            // the name of the model's folder
            Assert.Equal(
                "model",
                JsonNode.Parse(await client.GetStringAsync(server.Address + "/v1/models"))!["data"]![0]!["id"]!.GetValue<string>());
        }

        model!.Dispose();
    }

    [Fact]
    public async Task A_model_that_cannot_be_loaded_is_reported()
    {
        using var backend = new CpuBackend();
        await using VlmServer server = await VlmServer.StartAsync(
            new ServerOptions { Port = 0 }, cancellation => VisionLanguageModel.Open("no-such-folder", backend, null, cancellation));
        await Assert.ThrowsAsync<ModelFormatException>(() => server.Ready);
        using var client = new HttpClient();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync(server.Address + "/health/live")).StatusCode);
    }

    [Fact]
    public async Task Errors_of_aspnet_have_the_same_shape()
    {
        RunningServer server = await RunningServer.StartAsync(o => o with { MaxBodyBytes = 100_000 });
        await using var end = new Ending(server);
        string address = server.Server.Address;
        await RunningServer.ErrorAsync(await server.Client.GetAsync(address + "/nowhere"), 404);
        HttpResponseMessage wrong = await server.Client.GetAsync(address + Chat);
        Assert.Equal(["POST"], wrong.Content.Headers.Allow);
        await RunningServer.ErrorAsync(wrong, 405);
        JsonObject large = RunningServer.Chat(new string('a', 100_000));
        Assert.Equal(
            "request_too_large", (await RunningServer.ErrorAsync(await server.PostAsync(Chat, large), 413))["code"]!.GetValue<string>());
        using var chunked = new HttpRequestMessage(HttpMethod.Post, address + Chat)
        {
            Content = new StringContent(large.ToJsonString(), Encoding.UTF8, "application/json")
        };
        chunked.Headers.TransferEncodingChunked = true;
        await RunningServer.ErrorAsync(await server.Client.SendAsync(chunked), 413);
        await server.ChatAsync(RunningServer.Chat("caption en")); // the next request is answered
    }

    [Fact]
    public async Task A_request_gets_its_id_back_unless_the_id_could_forge_a_line()
    {
        RunningServer server = await RunningServer.StartAsync(o => o);
        await using var end = new Ending(server);
        foreach ((string sent, bool isPlain) in new[] { ("my-id.1", true), ("two words", false), (new string('x', 500), false) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, server.Server.Address + "/v1/models");
            request.Headers.TryAddWithoutValidation("x-request-id", sent);
            using HttpResponseMessage response = await server.Client.SendAsync(request);
            string id = Assert.Single(response.Headers.GetValues("x-request-id"));
            Assert.Equal(isPlain, id == sent);
            Assert.NotEmpty(id);
        }
    }

    [Fact]
    public async Task With_keys_every_route_but_health_and_the_page_needs_one()
    {
        RunningServer server = await RunningServer.StartAsync(o => o with { ApiKeys = "alice:0123456789abcdef0123456789abcdef" });
        await using var end = new Ending(server);
        foreach (string open in new[] { "/health/live", "/health/ready", "/" })
            Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync(server.Server.Address + open)).StatusCode);
        foreach (string path in new[] { "/v1/models", "/metrics", "/nowhere", "/v1/models/demo" })
        {
            HttpResponseMessage refused = await server.Client.GetAsync(server.Server.Address + path);
            Assert.Equal("Bearer", refused.Headers.WwwAuthenticate.ToString());
            Assert.Equal("invalid_api_key", (await RunningServer.ErrorAsync(refused, 401))["code"]!.GetValue<string>());
        }

        foreach (string path in new[]
        {
            Chat, "/v1/caption", "/v1/ask", "/v1/detect", "/v1/segment", "/v1/batch", "/v1/explain", "/v1/tokenize"
        })
            await RunningServer.ErrorAsync(await server.PostAsync(path, "{}"), 401);
        server.Client.DefaultRequestHeaders.Authorization = new("Bearer", "0123456789abcdef0123456789abcdef");
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync(server.Server.Address + "/metrics")).StatusCode);
        await server.ChatAsync(RunningServer.Chat("caption en"));
    }

    [Theory, InlineData("0.0.0.0"), InlineData("*"), InlineData("::")]
    public async Task Other_machines_need_a_key_unless_the_operator_says_otherwise(string host)
    {
        using var backend = new CpuBackend();
        var options = new ServerOptions { Port = 0, Host = host };
        await Assert.ThrowsAsync<ArgumentException>(() =>
            VlmServer.StartAsync(options, cancellation => VisionLanguageModel.Open(GoldenFiles.DemoModel, backend, null, cancellation)));
    }

    [Fact]
    public async Task A_full_queue_is_reported_with_the_time_to_retry()
    {
        RunningServer server = await RunningServer.StartAsync(o => o with { MaxBatch = 1, MaxQueue = 1 });
        await using var end = new Ending(server);
        server.Backend.Hold();
        Task<HttpResponseMessage>[] three =
            [.. Enumerable.Range(0, 3).Select(_ => server.PostAsync(Chat, RunningServer.Chat("caption en")))];
        HttpResponseMessage refused = await await Task.WhenAny(three); // one runs, one waits and the third is refused
        Assert.True(refused.Headers.RetryAfter?.Delta >= TimeSpan.FromSeconds(1));
        Assert.Equal("rate_limit_exceeded", (await RunningServer.ErrorAsync(refused, 429))["type"]!.GetValue<string>());
        server.Backend.LetGo();
        HttpResponseMessage[] all = await Task.WhenAll(three);
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests], all.Select(r => r.StatusCode).Order());
    }

    [Fact]
    public async Task A_request_that_takes_too_long_is_canceled()
    {
        RunningServer server = await RunningServer.StartAsync(o => o with { Timeout = TimeSpan.FromSeconds(1) });
        await using var end = new Ending(server);
        server.Backend.Hold();
        Assert.Equal(
            "deadline_exceeded",
            (await RunningServer.ErrorAsync(
                await server.PostAsync(Chat, RunningServer.Chat("caption en")), 504))["code"]!.GetValue<string>());
        // the stream has begun, so the error is an event
        string text = await (await server.PostAsync(Chat, Long())).Content.ReadAsStringAsync();
        Assert.Equal(
            "deadline_exceeded",
            JsonNode.Parse(text.TrimEnd().Split("\n\n")[^1]["data: ".Length..])!["error"]!["code"]!.GetValue<string>());
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
        server.Backend.LetGo();
        await RunningServer.UntilAsync(() => server.Model.Engine.Running + server.Model.Engine.Waiting == 0);
        await server.ChatAsync(RunningServer.Chat("caption en"));
    }

    [Fact]
    public async Task A_client_that_leaves_frees_its_place()
    {
        RunningServer server = await RunningServer.StartAsync(o => o with { MaxBatch = 1 });
        await using var end = new Ending(server);
        server.Backend.Hold();
        using var giveUp = new CancellationTokenSource();
        Task<HttpResponseMessage> gone =
            server.PostAsync(Chat, RunningServer.Chat("caption en", ("ignore_eos", true), ("max_tokens", 400)), giveUp.Token);
        await RunningServer.UntilAsync(() => server.Model.Engine.Running + server.Model.Engine.Waiting == 1);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        server.Backend.LetGo();
        Assert.Equal(
            "a car above a key",
            (await server.ChatAsync(RunningServer.Chat("caption en")))["choices"]![0]!["message"]!["content"]!.GetValue<string>());
        await RunningServer.UntilAsync(() => server.Model.Engine.Running + server.Model.Engine.Waiting == 0);
    }

    [Fact]
    public async Task A_stopping_server_finishes_what_runs_and_accepts_nothing_new()
    {
        RunningServer server = await RunningServer.StartAsync(o => o);
        await using var end = new Ending(server);
        server.Backend.Hold();
        Task<HttpResponseMessage> running = server.PostAsync(Chat, RunningServer.Chat("caption en"));
        await RunningServer.UntilAsync(() => server.Model.Engine.Running + server.Model.Engine.Waiting == 1);
        Task stopping = server.Server.StopAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await server.Client.GetAsync(server.Server.Address + "/health/ready")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync(server.Server.Address + "/health/live")).StatusCode);
        HttpResponseMessage late = await server.PostAsync(Chat, RunningServer.Chat("caption en"));
        Assert.NotNull(late.Headers.RetryAfter);
        Assert.Equal("draining", (await RunningServer.ErrorAsync(late, 503))["code"]!.GetValue<string>());
        server.Backend.LetGo();
        Assert.Equal(HttpStatusCode.OK, (await running).StatusCode);
        await stopping;
        await Assert.ThrowsAsync<HttpRequestException>(() => server.Client.GetAsync(server.Server.Address + "/health/live"));
    }

    [Fact]
    public async Task What_does_not_end_in_time_is_cut_off_with_an_error()
    {
        RunningServer server = await RunningServer.StartAsync(o => o with { DrainLimit = TimeSpan.FromMilliseconds(200) });
        await using var end = new Ending(server);
        server.Backend.Hold();
        Task<HttpResponseMessage> stream = server.PostAsync(Chat, Long()), whole = server.PostAsync(Chat, RunningServer.Chat("caption en"));
        await RunningServer.UntilAsync(() => server.Model.Engine.Running + server.Model.Engine.Waiting == 2);
        Task stopping = server.Server.StopAsync();
        Assert.Equal("draining", (await RunningServer.ErrorAsync(await whole, 503))["code"]!.GetValue<string>());
        string text = await (await stream).Content.ReadAsStringAsync();
        Assert.Equal(
            "draining", JsonNode.Parse(text.TrimEnd().Split("\n\n")[^1]["data: ".Length..])!["error"]!["code"]!.GetValue<string>());
        await stopping;
    }

    [Fact]
    public async Task The_log_has_a_line_for_a_fault_and_no_text_of_a_prompt()
    {
        using var log = new MemoryStream();
        RunningServer server = await RunningServer.StartAsync(o => o with { Log = new() { Output = Stream.Synchronized(log) } });
        await server.ChatAsync(RunningServer.Chat("answer en what is below the car?"));
        await RunningServer.ErrorAsync(await server.PostAsync(Chat, "{\"secret\":1}"), 400);
        await server.DisposeAsync();
        string[] lines = Encoding.UTF8.GetString(log.ToArray()).TrimEnd().Split('\n');
        JsonNode good = JsonNode.Parse(lines[0])!, bad = JsonNode.Parse(lines[1])!;
        Assert.Equal(
            (200, Chat, "demo"), (good["status"]!.GetValue<int>(), good["route"]!.GetValue<string>(), good["model"]!.GetValue<string>()));
        Assert.Equal((400, "invalid_request_error"), (bad["status"]!.GetValue<int>(), bad["error"]!.GetValue<string>()));
        Assert.DoesNotContain("below", lines[0], StringComparison.Ordinal);
        Assert.DoesNotContain("secret", lines[1], StringComparison.Ordinal);
    }

    /// <summary>Disposes of a server at the end of a test.</summary>
    private sealed class Ending(RunningServer server) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await server.DisposeAsync();
    }
}
