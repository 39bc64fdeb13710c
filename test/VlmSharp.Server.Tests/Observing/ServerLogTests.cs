using System.Text.Json;
using System.Text.Json.Nodes;
using VlmSharp.Server.Observing;

namespace VlmSharp.Server.Tests.Observing;

/// <summary>What the log of the whole server holds, and what it never holds.</summary>
public sealed class ServerLogTests : IDisposable
{
    private readonly LogStream log = new();

    public void Dispose() => log.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_has_a_line_with_its_stages_and_content_only_on_demand(bool withContent)
    {
        RunningServer server = await RunningServer.StartAsync(
            options => options with { Log = new RequestLogOptions { Output = log, IncludeContent = withContent } });
        try
        {
            string answer =
                (await server.ChatAsync(RunningServer.Chat("detect car ; key")))["choices"]![0]!["message"]!["content"]!.GetValue<string>();
            string line = Assert.Single(await log.ReadAsync(1));
            JsonElement json = JsonDocument.Parse(line).RootElement;
            Assert.Equal(
                ("/v1/chat/completions", 200, "demo", "stop"),
                (Text(json, "route"), json.GetProperty("status").GetInt32(), Text(json, "model"), Text(json, "finish_reason")));
            foreach (string name in (string[])[
                "vision_ms", "prefill_ms", "decode_ms", "ttft_ms", "total_ms", "text_tokens", "image_tokens", "completion_tokens",
                "largest_step"
            ])
                Assert.True(json.GetProperty(name).GetDouble() > 0, name);
            Assert.Equal("PNG", Text(Assert.Single(json.GetProperty("images").EnumerateArray().ToArray()), "format"), ignoreCase: true);
            Assert.DoesNotContain("base64", line, StringComparison.Ordinal);
            if (withContent) Assert.Equal(("detect car ; key", answer), (Text(json, "prompt"), Text(json, "answer")));
            else Assert.DoesNotContain("car", line, StringComparison.Ordinal);
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_model_and_a_user_with_control_characters_forge_no_line()
    {
        RunningServer server = await RunningServer.StartAsync(options => options with { Log = new RequestLogOptions { Output = log } });
        try
        {
            JsonObject forged = RunningServer.Chat("caption en", ("model", "a\n{\"status\":200}\u001b[2J"), ("user", "b\r\nforged"));
            using HttpResponseMessage response = await server.PostAsync("/v1/chat/completions", forged);
            Assert.Equal(404, (int)response.StatusCode);
            string line = Assert.Single(await log.ReadAsync(1));
            Assert.All(line[..^1], c => Assert.InRange(c, ' ', '~'));
            JsonElement json = JsonDocument.Parse(line).RootElement;
            Assert.Equal((404, "invalid_request_error"), (json.GetProperty("status").GetInt32(), Text(json, "error")));
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();
}
