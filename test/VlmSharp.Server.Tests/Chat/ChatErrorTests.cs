using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using VlmSharp.Conformance;
using VlmSharp.Server.Chat;

namespace VlmSharp.Server.Tests.Chat;

public sealed class ChatErrorTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Path = "/v1/chat/completions";

    /// <summary>A bad value for a member of a good request, and the code and the member that the error must name.</summary>
    public static TheoryData<string, string, string?, string?> WrongMembers => new()
    {
        { "model", "7", "invalid_type", "model" },
        { "messages", "\"hello\"", "invalid_type", "messages" },
        { "messages", "[]", "missing_user_message", "messages" },
        { "messages", """[{"content":"x"}]""", "missing_required_parameter", "messages[0].role" },
        { "messages", """[{"role":"robot","content":"x"}]""", "invalid_value", "messages[0].role" },
        { "messages", """[{"role":"tool","content":"x"}]""", "unsupported_value", "messages[0].role" },
        { "messages", """[{"role":"user","content":"no picture"}]""", "missing_image", "messages" },
        { "messages", """[{"role":"user","content":[{"type":"input_audio"}]}]""", "unsupported_value", "messages[0].content[0].type" },
        {
            "messages", """[{"role":"user","content":[{"type":"image_url"}]}]""", "missing_required_parameter",
            "messages[0].content[0].image_url"
        },
        {
            "messages",
            """[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://127.0.0.1/x.png"}}]}]""",
            "invalid_image_url",
            "messages[0].content[0].image_url.url"
        },
        {
            "messages",
            """[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]""",
            "invalid_image",
            "messages[0].content[0].image_url.url"
        },
        { "messages", """[{"role":"user","content":[{"type":"text","text":"\ud800"}]}]""", null, null },
        { "temperature", "2.5", "invalid_type", "temperature" },
        { "temperature", "\"hot\"", "invalid_type", "temperature" },
        { "top_p", "-0.1", "invalid_type", "top_p" },
        { "n", "0", "invalid_type", "n" },
        { "n", "100000", "invalid_type", "n" },
        { "max_tokens", "0", "invalid_type", "max_tokens" },
        { "max_tokens", "1.5", "invalid_type", "max_tokens" },
        { "stop", """["a","b","c","d","e"]""", null, "stop" },
        { "stop", "[null]", "invalid_type", "stop" },
        { "stop", "\"\"", null, "stop" },
        { "seed", "1e30", "invalid_type", "seed" },
        { "stream", "1", "invalid_type", "stream" },
        { "stream_options", """{"surprise":1}""", "unknown_parameter", "stream_options.surprise" },
        { "top_logprobs", "5", null, "top_logprobs" },
        { "top_logprobs", "21", "invalid_type", "top_logprobs" },
        { "tools", """[{"type":"function"}]""", "unsupported_parameter", "tools" },
        { "response_format", """{"type":"json_object"}""", "unsupported_parameter", "response_format" },
        { "frequency_penalty", "0.5", "unsupported_parameter", "frequency_penalty" },
        { "logit_bias", """{"5":1}""", "unsupported_parameter", "logit_bias" },
        { "temprature", "0", "unknown_parameter", "temprature" },
    };

    [Theory, MemberData(nameof(WrongMembers))]
    public async Task A_wrong_member_is_named(string member, string value, string? code, string? param)
    {
        JsonObject good = RunningServer.Chat("caption en");
        good.Remove(member);
        string body = good.ToJsonString()[..^1] + $",\"{member}\":{value}}}";
        JsonNode error = await RunningServer.ErrorAsync(await server.PostAsync(Path, body), 400);
        Assert.Equal("invalid_request_error", error["type"]!.GetValue<string>());
        if (code is not null) Assert.Equal(code, error["code"]?.GetValue<string>());
        if (param is not null) Assert.Equal(param, error["param"]?.GetValue<string>());
    }

    [Theory]
    [InlineData(""), InlineData("{"), InlineData("[]"), InlineData("null"), InlineData("7"), InlineData("{}"),
        InlineData("{\"messages\":[]} x"), InlineData("\u00ff\u00fe")]
    public async Task A_body_that_is_not_a_request_is_refused(string body) =>
        await RunningServer.ErrorAsync(await server.PostAsync(Path, body), 400);

    [Fact]
    public async Task A_body_that_is_too_deep_is_refused() =>
        await RunningServer.ErrorAsync(
            await server.PostAsync(Path, $"{{\"metadata\":{new string('[', 5000)}{new string(']', 5000)}}}"), 400);

    [Fact]
    public async Task An_unknown_model_is_not_found()
    {
        JsonNode error =
            await RunningServer.ErrorAsync(await server.PostAsync(Path, RunningServer.Chat("caption en", ("model", "gpt-5"))), 404);
        Assert.Equal("model_not_found", error["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_prompt_that_is_too_long_is_refused() =>
        await RunningServer.ErrorAsync(await server.PostAsync(Path, RunningServer.Chat(new string('a', 20_000))), 400);

    [Fact]
    public async Task A_prompt_that_does_not_fit_the_context_is_refused() =>
        await RunningServer.ErrorAsync(
            await server.PostAsync(Path, RunningServer.Chat(string.Concat(Enumerable.Repeat("a b ", 2000)))), 400);

    [Fact]
    public async Task An_unsupported_member_is_ignored_when_its_value_asks_for_nothing()
    {
        JsonObject body = RunningServer.Chat("caption en");
        foreach (ChatMember member in ChatMembers.All.Where(m => m.Use == MemberUse.Refused))
            body[member.Name] = member.Harmless is [var first, ..] ? JsonNode.Parse(first) : null;
        foreach (ChatMember member in ChatMembers.All.Where(m => m.Use == MemberUse.Ignored)) body[member.Name] = new JsonArray(1, "x");
        await server.ChatAsync(body);
    }

    /// <summary>The table in the documentation lists the same members as the code.</summary>
    [Fact]
    public void The_documentation_lists_every_member()
    {
        string[] rows =
        [
            .. File.ReadLines(System.IO.Path.Combine(GoldenFiles.Root, "docs", "server.md"))
                .SkipWhile(l => !l.StartsWith("| member |", StringComparison.Ordinal)).Skip(2)
                .TakeWhile(l => l.StartsWith('|'))
        ];
        Assert.Equal(ChatMembers.All.Select(m => $"| `{m.Name}` | {Name(m)} | {m.Note} |"), rows);

        static string Name(ChatMember m) => m.Use switch
        {
            MemberUse.Accepted => "accepted",
            MemberUse.Ignored => "ignored",
            _ => m.Harmless.Count == 0 ? "refused" : $"refused, but for {string.Join(" and ", m.Harmless.Select(h => $"`{h}`"))}",
        };
    }

    [Fact]
    public async Task A_body_of_another_type_is_refused()
    {
        using var content = new StringContent("{}");
        content.Headers.ContentType = MediaTypeHeaderValue.Parse("text/plain");
        await RunningServer.ErrorAsync(await server.Client.PostAsync(server.Server.Address + Path, content), 415);
    }
}
