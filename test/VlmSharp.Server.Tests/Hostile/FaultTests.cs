using System.Text.Json;
using System.Text.Json.Nodes;
using VlmSharp.Server.Observing;
using VlmSharp.Server.Tests.Observing;

namespace VlmSharp.Server.Tests.Hostile;

/// <summary>What the client and the log are told about an internal fault of the server.</summary>
public sealed class FaultTests
{
    private const string Chat = "/v1/chat/completions";

    [Theory, InlineData(Chat, false), InlineData(Chat, true), InlineData("/v1/caption", false), InlineData("/v1/batch", false)]
    public async Task A_fault_is_reported_without_a_path_a_stack_trace_or_text_of_the_request(string route, bool streams)
    {
        using var log = new LogStream();
        RunningServer server = await RunningServer.StartAsync(o => o with { Log = new RequestLogOptions { Output = log } });
        try
        {
            server.Backend.Fault = new InvalidDataException("SECRET prompt at /etc/SECRET-path\nforged line");
            using HttpResponseMessage response = await server.PostAsync(route, Ask(route, "SECRET prompt", streams));
            string text = await response.Content.ReadAsStringAsync();
            Assert.Contains("\"server_error\"", text, StringComparison.Ordinal);
            if (!streams) await RunningServer.ErrorAsync(response, 500);
            string line = Assert.Single(await log.ReadAsync(1));
            JsonElement json = JsonDocument.Parse(line).RootElement;
            Assert.Equal("server_error", json.GetProperty("error").GetString());
            foreach (string told in new[] { text, line })
            {
                Assert.DoesNotContain("SECRET", told, StringComparison.Ordinal);
                Assert.DoesNotContain("forged", told, StringComparison.Ordinal);
                Assert.DoesNotContain(".cs", told, StringComparison.Ordinal);
            }

            Assert.DoesNotContain(" at ", text, StringComparison.Ordinal);
            // tells the operator where to look
            Assert.Contains(nameof(InvalidDataException), json.GetProperty("fault").GetString(), StringComparison.Ordinal);
            Assert.Equal(json.GetProperty("id").GetString(), Assert.Single(response.Headers.GetValues("x-request-id")));
            await server.ChatAsync(RunningServer.Chat("caption en"));
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    /// <summary>The request is within every limit, and may succeed when others have ended. Only one request of a batch fails.</summary>
    [Theory]
    [InlineData(Chat, false, false), InlineData(Chat, true, false), InlineData("/v1/caption", false, false)]
    [InlineData("/v1/batch", false, false), InlineData(Chat, false, true), InlineData("/v1/batch", false, true)]
    public async Task Where_memory_runs_out_the_client_may_try_again(string route, bool streams, bool isOfDevice)
    {
        using var log = new LogStream();
        RunningServer server = await RunningServer.StartAsync(o => o with { Log = new RequestLogOptions { Output = log } });
        try
        {
            bool hasStatus = !streams && route != "/v1/batch";
            server.Backend.Fault = isOfDevice ? new DeviceMemoryException("SECRET") : new InsufficientMemoryException("SECRET");
            using HttpResponseMessage response = await server.PostAsync(route, Ask(route, "caption en", streams));
            string text = await response.Content.ReadAsStringAsync();
            Assert.Contains("\"no_memory\"", text, StringComparison.Ordinal);
            Assert.DoesNotContain("SECRET", text, StringComparison.Ordinal);
            if (hasStatus) await RunningServer.ErrorAsync(response, 503);
            else Assert.True(response.IsSuccessStatusCode);
            Assert.Equal(hasStatus, response.Headers.RetryAfter is not null);
            JsonElement json = JsonDocument.Parse(Assert.Single(await log.ReadAsync(1))).RootElement;
            Assert.Equal(hasStatus ? "no_memory" : null, json.TryGetProperty("rejected", out JsonElement why) ? why.GetString() : null);
            Assert.Equal(route != "/v1/batch", json.TryGetProperty("fault", out _)); // tells the operator where
            await server.ChatAsync(RunningServer.Chat("caption en"));
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    private static JsonObject Ask(string route, string prompt, bool streams)
    {
        JsonObject native = new() { ["image"] = RunningServer.SampleUri, ["prompt"] = prompt };
        return route switch
        {
            Chat => RunningServer.Chat(prompt, ("stream", streams)),
            "/v1/batch" => new JsonObject { ["requests"] = new JsonArray(native) },
            _ => native,
        };
    }

    /// <summary>
    /// Every text that a client can set and that the server might write. None of them starts a new line or moves a terminal's cursor.
    /// </summary>
    [Fact]
    public async Task No_text_of_a_client_forges_a_line_of_the_log()
    {
        const string Forged = "x\u2028y\u0085z\u001b[2Jforged";
        using var log = new LogStream();
        RunningServer server =
            await RunningServer.StartAsync(o => o with { Log = new RequestLogOptions { Output = log, IncludeContent = true } });
        try
        {
            using RawConnection raw = await RawConnection.OpenAsync(server);
            string body = RunningServer.Chat(
                $"caption\n{Forged}",
                ("model", $"a\r\n{Forged}"),
                ("user", $"b\r\n{Forged}"),
                ("safety_identifier", Forged),
                ("metadata", new JsonObject { ["a"] = Forged })).ToJsonString();
            await raw.SendAsync(RawConnection.Post(
                $"{Chat}?a=%0d%0aforged",
                body,
                "User-Agent: a\u00c2\u0085\u00c2\u009b2Jforged\r\nx-request-id: b\u00c2\u009bforged\r\nReferer: forged\r\nX-Forwarded-For: "
                    + "forged\r\n"));
            await raw.ReadErrorAsync(404);
            await raw.SendAsync(RawConnection.Post("/forged%0aforged%1b", "{}"));
            await raw.ReadErrorAsync(404);
            await raw.SendAsync($"FORGED /forged HTTP/1.1\r\nHost: localhost\r\n\r\n");
            await raw.ReadErrorAsync(404);
            await server.ChatAsync(RunningServer.Chat($"caption en\n{Forged}", ("max_tokens", 2)));
            string[] lines = await log.ReadAsync(4);
            Assert.Equal(4, lines.Length);
            Assert.All(lines, line => Assert.All(line[..^1], c => Assert.InRange(c, ' ', '~')));
            Assert.All(lines, line => Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(line).RootElement.ValueKind));
            // only the prompt may hold it, where the log includes content
            Assert.All(lines[..3], line => Assert.DoesNotContain("forged", line, StringComparison.OrdinalIgnoreCase));
        }
        finally
        {
            await server.DisposeAsync();
        }
    }
}
