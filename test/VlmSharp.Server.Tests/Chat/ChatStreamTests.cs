using System.Text.Json.Nodes;
using VlmSharp.Generation;
using VlmSharp.Imaging;

namespace VlmSharp.Server.Tests.Chat;

public sealed class ChatStreamTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Path = "/v1/chat/completions";

    private async Task<List<JsonNode>> ChunksAsync(JsonNode body)
    {
        List<string> events = await server.StreamAsync(Path, body);
        Assert.Equal("[DONE]", events[^1]);
        return [.. events[..^1].Select(e => JsonNode.Parse(e)!)];
    }

    private static string TextOf(IEnumerable<JsonNode> chunks, int index = 0) => string.Concat(chunks
        .SelectMany(c => c["choices"]!.AsArray())
        .Where(c => c!["index"]!.GetValue<int>() == index)
        .Select(c => c!["delta"]!["content"]?.GetValue<string>()));

    [Theory, InlineData("caption en"), InlineData("answer en what is below the car?")]
    public async Task A_stream_has_the_text_of_the_answer_in_chunks_of_one_id(string prompt)
    {
        string? alone =
            server.Model.Generate(new GenerationRequest { Images = [ImageFile.Decode(RunningServer.Sample)], Prompt = prompt }).Text;
        List<JsonNode> chunks = await ChunksAsync(RunningServer.Chat(prompt, ("stream", true)));
        Assert.Single(
            chunks.Select(c => (c["id"]!.GetValue<string>(), c["created"]!.GetValue<long>(), c["model"]!.GetValue<string>())).Distinct());
        Assert.All(chunks, c => Assert.Equal("chat.completion.chunk", c["object"]!.GetValue<string>()));
        Assert.Equal("""{"role":"assistant","content":""}""", chunks[0]["choices"]![0]!["delta"]!.ToJsonString());
        Assert.Equal(alone, TextOf(chunks));
        Assert.All(chunks[..^1], c => Assert.Null(c["choices"]![0]!["finish_reason"]));
        Assert.Equal("{}", chunks[^1]["choices"]![0]!["delta"]!.ToJsonString());
        Assert.Equal("stop", chunks[^1]["choices"]![0]!["finish_reason"]!.GetValue<string>());
        Assert.All(chunks, c => Assert.False(c.AsObject().ContainsKey("usage")));
    }

    [Fact]
    public async Task Usage_is_a_last_chunk_without_choices()
    {
        JsonNode whole = await server.ChatAsync(RunningServer.Chat("caption en"));
        List<JsonNode> chunks = await ChunksAsync(
            RunningServer.Chat("caption en", ("stream", true), ("stream_options", new JsonObject { ["include_usage"] = true })));
        Assert.All(chunks[..^1], c => Assert.True(c.AsObject().ContainsKey("usage") && c["usage"] is null));
        Assert.Empty(chunks[^1]["choices"]!.AsArray());
        Assert.Equal(whole["usage"]!.ToJsonString(), chunks[^1]["usage"]!.ToJsonString());
    }

    [Fact]
    public async Task Log_probabilities_are_those_of_the_whole_answer()
    {
        (string, JsonNode?)[] logprobs = [("logprobs", true), ("top_logprobs", 3)];
        JsonNode whole = await server.ChatAsync(RunningServer.Chat("caption en", logprobs));
        List<JsonNode> chunks = await ChunksAsync(RunningServer.Chat("caption en", [.. logprobs, ("stream", true)]));
        string[] streamed =
        [
            .. chunks.SelectMany(c => c["choices"]![0]!["logprobs"]?["content"]?.AsArray() ?? [])
                .Select(t => t!["token"]!.GetValue<string>())
        ];
        JsonArray content = whole["choices"]![0]!["logprobs"]!["content"]!.AsArray();
        Assert.Equal(content.Select(t => t!["token"]!.GetValue<string>()), streamed);
        Assert.Equal(TextOf(chunks), string.Concat(streamed));
    }

    [Fact]
    public async Task Several_choices_stream_side_by_side()
    {
        List<JsonNode> chunks = await ChunksAsync(RunningServer.Chat("caption en", ("stream", true), ("n", 3)));
        Assert.Equal(TextOf(chunks), TextOf(chunks, 1));
        Assert.Equal(TextOf(chunks), TextOf(chunks, 2));
        Assert.Equal(3, chunks.Count(c => c["choices"]![0]!["finish_reason"] is not null));
    }

    [Fact]
    public async Task A_stop_text_is_never_sent()
    {
        List<JsonNode> chunks = await ChunksAsync(RunningServer.Chat("caption en", ("stream", true), ("stop", "above")));
        Assert.Equal("a car ", TextOf(chunks));
        Assert.Equal("stop", chunks[^1]["choices"]![0]!["finish_reason"]!.GetValue<string>());
    }

    [Fact]
    public async Task Boxes_come_with_the_last_chunk()
    {
        List<JsonNode> chunks = await ChunksAsync(RunningServer.Chat("detect key", ("stream", true)));
        JsonNode delta = chunks[^1]["choices"]![0]!["delta"]!;
        Assert.Equal("key", Assert.Single(delta["detections"]!.AsArray())!["label"]!.GetValue<string>());
    }
}
