using System.Text.Json.Nodes;
using VlmSharp.Conformance;
using VlmSharp.Server.Tests.Deploy;

namespace VlmSharp.Server.Tests.Chat;

/// <summary>The curl commands that people type: a plain request, a stream, and a file upload.</summary>
public sealed class CurlTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static string Picture => Path.Combine(GoldenFiles.DemoModel, "..", "samples", "car-key.png");

    [ToolFact("curl")]
    public async Task A_chat_in_a_file_is_answered()
    {
        using var folder = new TemporaryFolder();
        string body = Path.Combine(folder.Path, "chat.json");
        await File.WriteAllTextAsync(body, Chat(streams: false));
        JsonNode answer =
            JsonNode.Parse(await CurlAsync("/v1/chat/completions", "-H", "Content-Type: application/json", "--data", $"@{body}"))!;
        Assert.Equal("a car above a key", answer["choices"]![0]!["message"]!["content"]!.GetValue<string>());
    }

    [ToolFact("curl")]
    public async Task A_stream_comes_in_events()
    {
        using var folder = new TemporaryFolder();
        string body = Path.Combine(folder.Path, "chat.json");
        await File.WriteAllTextAsync(body, Chat(streams: true));
        string[] events = (await CurlAsync("/v1/chat/completions", "-N", "-H", "Content-Type: application/json", "--data", $"@{body}"))
            .Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("data: [DONE]", events[^1]);
        string text =
            string.Concat(events[..^1].Select(e => (string?)JsonNode.Parse(e["data: ".Length..])!["choices"]![0]!["delta"]!["content"]));
        Assert.Equal("a car above a key", text);
    }

    [ToolFact("curl")]
    public async Task A_file_is_enough_for_a_caption_and_boxes()
    {
        Assert.Equal(
            "a car above a key", JsonNode.Parse(await CurlAsync("/v1/caption", "-F", $"image=@{Picture}"))!["text"]!.GetValue<string>());
        JsonNode found = JsonNode.Parse(await CurlAsync("/v1/detect", "-F", $"image=@{Picture}", "--form-string", "things=car ; key"))!;
        Assert.Equal("detect car ; key", found["prompt"]!.GetValue<string>());
        Assert.NotEmpty(found["detections"]!.AsArray());
    }

    [ToolFact("curl")]
    public async Task An_error_has_its_status_and_shape()
    {
        string answer = await CurlAsync(
            "/v1/chat/completions", "-w", "\n%{http_code}", "-H", "Content-Type: application/json", "--data", """{"messages": []}""");
        string[] lines = answer.Split('\n');
        Assert.Equal("400", lines[^1]);
        Assert.Equal("invalid_request_error", JsonNode.Parse(lines[0])!["error"]!["type"]!.GetValue<string>());
    }

    private static string Chat(bool streams) => new JsonObject
    {
        ["stream"] = streams,
        ["messages"] = new JsonArray(new JsonObject
        {
            ["role"] = "user",
            ["content"] = new JsonArray(
                new JsonObject { ["type"] = "text", ["text"] = "caption en" },
                new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = RunningServer.SampleUri } }),
        }),
    }.ToJsonString();

    private async Task<string> CurlAsync(string path, params string[] options)
    {
        (int code, string output, string errors) =
            await Tool.RunAsync("curl", ["-sS", "--noproxy", "*", "--max-time", "60", server.Server.Address + path, .. options]);
        Assert.True(code == 0, errors);
        return output;
    }
}
