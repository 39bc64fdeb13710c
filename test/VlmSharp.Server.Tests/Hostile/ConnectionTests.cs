using System.Text.Json.Nodes;
using VlmSharp.Server.Observing;
using VlmSharp.Server.Tests.Observing;

namespace VlmSharp.Server.Tests.Hostile;

/// <summary>Clients that are slow, leave early or do not speak HTTP. The server answers a good request after each of them.</summary>
public sealed class ConnectionTests
{
    private const string Chat = "/v1/chat/completions";

    private static readonly ConnectionLimits Short =
        new() { Headers = TimeSpan.FromSeconds(1), Idle = TimeSpan.FromSeconds(1), Patience = TimeSpan.FromSeconds(2) };

    [Fact]
    public async Task Headers_that_drip_are_cut_off()
    {
        RunningServer server = await RunningServer.StartAsync(o => o with { Connections = Short });
        await using var end = new Ending(server);
        using RawConnection slow = await RawConnection.OpenAsync(server);
        await slow.SendAsync($"POST {Chat} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ");
        Task drip = slow.DripAsync("", 'a');
        string answer = await slow.ReadToEndAsync();
        Assert.True(answer.Length == 0 || RawConnection.StatusOf(answer) == 408, answer);
        slow.Dispose();
        await drip;
        await server.ChatAsync(RunningServer.Chat("caption en"));
    }

    [Fact]
    public async Task A_body_that_drips_is_cut_off_and_its_memory_is_freed()
    {
        RunningServer server =
            await RunningServer.StartAsync(o => o with { Connections = Short, MaxBodyBytes = 100_000, MaxBufferedBytes = 100_000 });
        await using var end = new Ending(server);
        using RawConnection slow = await RawConnection.OpenAsync(server);
        await slow.SendAsync(
            $"POST {Chat} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{{");
        Task drip = slow.DripAsync("", ' ');
        // the slow request may hold all the memory, so this one waits
        Task<JsonNode> other = server.ChatAsync(RunningServer.Chat("caption en"));
        Assert.Equal("request_timeout", (await slow.ReadErrorAsync(408))["code"]!.GetValue<string>());
        slow.Dispose();
        await drip;
        await other;
    }

    /// <summary>
    /// The answers are 30 MB, more than the buffers of the connection hold. Kestrel gives each the time that it takes at the least rate:
    /// the request's own timeout ends the waiting.
    /// </summary>
    [Fact]
    public async Task A_client_that_does_not_read_is_cut_off()
    {
        RunningServer server = await RunningServer.StartAsync(o => o with { Timeout = TimeSpan.FromSeconds(5) });
        await using var end = new Ending(server);
        using RawConnection deaf = await RawConnection.OpenAsync(server);
        string request = RawConnection.Post("/v1/tokenize", $"{{\"text\":\"{string.Concat(Enumerable.Repeat("a ", 8000))}\"}}");
        await deaf.DripAsync(string.Concat(Enumerable.Repeat(request, 300)), ' ');
        await server.ChatAsync(RunningServer.Chat("caption en"));
    }

    [Fact]
    public async Task The_memory_of_a_body_that_breaks_off_is_freed()
    {
        RunningServer server = await RunningServer.StartAsync(o => o with { MaxBodyBytes = 100_000, MaxBufferedBytes = 100_000 });
        await using var end = new Ending(server);
        foreach (bool resets in new[] { false, true })
        {
            using RawConnection broken = await RawConnection.OpenAsync(server);
            await broken.SendAsync(
                $"POST {Chat} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{{");
            if (resets) broken.Reset();
            else broken.EndSending();
            await server.ChatAsync(RunningServer.Chat("caption en"));
        }
    }

    /// <summary>When a client closes its sending side, Kestrel treats the client as gone: it cannot tell the two apart.</summary>
    [Theory, InlineData(false), InlineData(true)]
    public async Task A_client_that_leaves_frees_its_place_within_a_step(bool resets)
    {
        using var log = new LogStream();
        RunningServer server = await RunningServer.StartAsync(o => o with { MaxBatch = 1, Log = new RequestLogOptions { Output = log } });
        await using var end = new Ending(server);
        await server.ChatAsync(RunningServer.Chat("caption en"));
        server.Backend.Hold();
        using RawConnection gone = await RawConnection.OpenAsync(server);
        await gone.SendAsync(
            RawConnection.Post(Chat, RunningServer.Chat("caption en", ("ignore_eos", true), ("max_tokens", 400)).ToJsonString()));
        await RunningServer.UntilAsync(() => server.Model.Engine.Running + server.Model.Engine.Waiting == 1);
        if (resets) gone.Reset();
        else gone.EndSending();
        Assert.Contains("\"status\":499", (await log.ReadAsync(2))[1], StringComparison.Ordinal); // the server noticed
        int before = server.Backend.Steps;
        server.Backend.LetGo();
        await RunningServer.UntilAsync(() => server.Model.Engine.Running + server.Model.Engine.Waiting == 0);
        Assert.InRange(server.Backend.Steps - before, 0, 2); // the held step, and one that may have been running
        await server.ChatAsync(RunningServer.Chat("caption en"));
    }

    [Fact]
    public async Task Idle_connections_block_no_one_and_are_closed()
    {
        RunningServer server = await RunningServer.StartAsync(o => o with { Connections = Short with { Idle = TimeSpan.FromSeconds(3) } });
        await using var end = new Ending(server);
        RawConnection[] idle = await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => RawConnection.OpenAsync(server)));
        await server.ChatAsync(RunningServer.Chat("caption en"));
        foreach (RawConnection connection in idle)
        {
            using (connection) Assert.Equal("", await connection.ReadToEndAsync());
        }
    }

    [Fact]
    public async Task Connections_over_the_limit_are_closed_at_once()
    {
        RunningServer server = await RunningServer.StartAsync(o => o with { Connections = new ConnectionLimits { Most = 3 } });
        await using var end = new Ending(server);
        RawConnection[] three = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => RawConnection.OpenAsync(server)));
        foreach (RawConnection connection in three)
        {
            await connection.SendAsync("GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
            Assert.Equal(200, (await connection.ReadAnswerAsync()).Status);
        }

        using RawConnection fourth = await RawConnection.OpenAsync(server);
        Assert.Equal("", await fourth.ReadToEndAsync());
        foreach (RawConnection connection in three) connection.Dispose();
        await RunningServer.UntilAsync(() =>
        {
            using RawConnection next = RawConnection.OpenAsync(server).GetAwaiter().GetResult();
            next.SendAsync("GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").GetAwaiter().GetResult();
            return next.ReadToEndAsync().GetAwaiter().GetResult().StartsWith("HTTP/1.1 200", StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Pipelined_requests_are_answered_in_order()
    {
        RunningServer server = await RunningServer.StartAsync(o => o);
        await using var end = new Ending(server);
        using RawConnection client = await RawConnection.OpenAsync(server);
        await client.SendAsync(RawConnection.Post(
            "/v1/tokenize", """{"text":"a car"}""") + "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
            + RawConnection.Post(Chat, "[]") + RawConnection.Post("/v1/tokenize", """{"text":"a car"}"""));
        Assert.Contains("\"ids\"", (await client.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        Assert.Contains("\"list\"", (await client.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        await client.ReadErrorAsync(400);
        Assert.Contains("\"ids\"", (await client.ReadAnswerAsync()).Body, StringComparison.Ordinal);
    }

    /// <summary>Disposes of a server at the end of a test.</summary>
    private sealed class Ending(RunningServer server) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await server.DisposeAsync();
    }
}
