using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Http;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Observing;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Tests.Hostile;

/// <summary>
/// Malformed bodies. Every route that reads bodies refuses each of them with an error in OpenAI's shape, and answers a good request
/// afterwards.
/// </summary>
public sealed class BodyTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Chat = "/v1/chat/completions";

    private static readonly string[] Routes =
        [Chat, "/v1/caption", "/v1/ask", "/v1/detect", "/v1/segment", "/v1/batch", "/v1/explain", "/v1/tokenize"];

    /// <summary>JSON that every route refuses.</summary>
    public static TheoryData<string, string> NoRequests => new()
    {
        { "deep arrays", $"{{\"text\":{new string('[', 100_000)}{new string(']', 100_000)}}}" },
        { "deep objects", $"{string.Concat(Enumerable.Repeat("{\"a\":", 50_000))}1{new string('}', 50_000)}" },
        { "an end that never comes", new string('[', 200_000) },
        { "bytes that are no UTF-8", "{\"prompt\":\"\u00ff\u00fe\u00c0\u0080\",\"text\":\"\u00ff\",\"messages\":[{\"role\":\"\u00ff\"}]}" },
        { "an overlong slash", "{\"prompt\":\"\u00c0\u00af\",\"text\":\"\u00c0\u00af\",\"requests\":[{\"task\":\"\u00c0\u00af\"}]}" },
        { "half of a surrogate pair", """{"prompt":"\ud800","text":"\udc00","messages":[{"role":"\ud800"}],"requests":"\ud800"}""" },
        { "half of a pair as a name", """{"\ud800":1}""" },
        { "NUL", "{\"text\":\"a\0b\"}" },
        { "NUL as a name", """{"\u0000":1}""" },
        { "a number beyond all numbers", """{"temperature":1e999,"text":1e999,"messages":1e999,"requests":1e999}""" },
        { "a number of 100,000 digits", $"{{\"seed\":{new string('9', 100_000)},\"text\":7}}" },
        { "a name of 1 MB", $"{{\"{new string('a', 1_000_000)}\":1}}" },
        { "a model of 1 MB", $"{{\"model\":\"{new string('a', 1_000_000)}\"}}" },
        { "members twice", """{"model":"demo","model":"demo","requests":[{"image":"a"}],"requests":[{"image":"a"}]}""" },
        { "two objects", "{}{}" },
        { "a comment", "{/* */}" },
        { "not a number", """{"temperature":NaN}""" },
        { "a byte order mark alone", "\u00ef\u00bb\u00bf" },
    };

    [Theory, MemberData(nameof(NoRequests))]
    public async Task Every_route_refuses_a_body_that_is_not_a_request(string what, string latin)
    {
        foreach (string route in Routes)
        {
            using HttpResponseMessage response = await SendAsync(route, latin);
            Assert.True((int)response.StatusCode is 400 or 404, $"{what}, {route}: {(int)response.StatusCode}");
            await RunningServer.ErrorAsync(response, (int)response.StatusCode);
        }

        await server.ChatAsync(RunningServer.Chat("caption en", ("max_tokens", 2)));
    }

    /// <summary>Chat members that exceed their limits.</summary>
    public static TheoryData<string, string> OverLimits => new()
    {
        { "n", "17" }, { "n", "2147483648" }, { "n", "-1" },
        { "max_tokens", "2147483648" }, { "max_tokens", "-1" },
        { "top_logprobs", "21" }, { "top_logprobs", "-1" },
        { "logit_bias", $"{{{string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"\"{i}\":1"))}}}" },
        { "stop", $"[{string.Join(',', Enumerable.Repeat("\"a\"", 5))}]" },
        { "stop", $"\"{new string('a', 257)}\"" },
        { "stop", $"[{string.Join(',', Enumerable.Repeat("\"a\"", 100_000))}]" },
        { "stop_token_ids", $"[{string.Join(',', Enumerable.Repeat("1", 100_000))}]" }, { "stop_token_ids", "[99999999]" },
        { "temperature", "-0.1" }, { "temperature", "1e30" }, { "top_k", "-2" }, { "top_k", "1e30" }, { "repetition_penalty", "0" },
        { "min_p", "2" },
        { "seed", "9223372036854775808" }, { "min_tokens", "-5" },
        { "messages", $"[{string.Join(',', Enumerable.Repeat("""{"role":"assistant","content":"a"}""", 5000))}]" },
        {
            "messages",
            $$"""[{"role":"user","content":[{{string.Join(',', Enumerable.Repeat("""{"type":"text","text":"a"}""", 300))}}]}]"""
        },
        { "messages", """[{"role":"user","role":"system","content":"a"}]""" },
        { "messages", """[{"role":"user","content":"a","content":"b"}]""" },
        { "messages", """[{"role":"user","content":[{"type":"text","text":"a","text":"b"}]}]""" },
        { "messages", """[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:,a","url":"data:,b"}}]}]""" },
    };

    [Theory, MemberData(nameof(OverLimits))]
    public async Task A_member_over_its_limit_is_refused(string member, string value)
    {
        string good = RunningServer.Chat("caption en", ("logprobs", true)).ToJsonString();
        if (member == "messages") good = """{"model":"demo"}""";
        await RunningServer.ErrorAsync(await server.PostAsync(Chat, $"{good[..^1]},\"{member}\":{value}}}"), 400);
    }

    [Theory]
    [InlineData("/v1/caption", 17, "too_many_images"), InlineData("/v1/caption", 100_000, "too_many_images")]
    public async Task Too_many_pictures_are_refused(string route, int count, string code)
    {
        string images = string.Join(',', Enumerable.Repeat("\"\"", count));
        Assert.Equal(
            code,
            (await RunningServer.ErrorAsync(await server.PostAsync(route, $"{{\"image\":[{images}]}}"), 400))["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task Too_many_requests_of_a_batch_are_refused()
    {
        string requests = string.Join(',', Enumerable.Repeat("{}", 257));
        Assert.Equal(
            "too_many_requests",
            (await RunningServer.ErrorAsync(
                await server.PostAsync("/v1/batch", $"{{\"requests\":[{requests}]}}"), 400))["code"]!.GetValue<string>());
    }

    /// <summary>JSON can spell characters that mean nothing to the model.</summary>
    [Fact]
    public async Task A_prompt_of_control_characters_is_answered() =>
        await server.ChatAsync(RunningServer.Chat("caption \0\u0001\u001b[2J\u202e\ufeff en", ("max_tokens", 2)));

    /// <summary>A chunked body of exactly the limit, and one that is a byte longer.</summary>
    [Theory, InlineData(0), InlineData(1)]
    public async Task A_chunked_body_may_be_as_long_as_the_limit(int beyond)
    {
        const int Limit = 200_000;
        RunningServer small = await RunningServer.StartAsync(o => o with { MaxBodyBytes = Limit });
        try
        {
            string body = """{"text":"a car"}""".PadRight(Limit + beyond);
            using var request = new HttpRequestMessage(HttpMethod.Post, small.Server.Address + "/v1/tokenize")
            {
                Content = new StringContent(body, Encoding.UTF8, "application/json")
            };
            request.Headers.TransferEncodingChunked = true;
            using HttpResponseMessage response = await small.Client.SendAsync(request);
            if (beyond > 0) await RunningServer.ErrorAsync(response, 413);
            else Assert.True(response.IsSuccessStatusCode);
        }
        finally
        {
            await small.DisposeAsync();
        }
    }

    /// <summary>No array is as long as the body says it is; the runtime throws the same exception where the heap is too small.</summary>
    [Fact]
    public async Task A_body_for_which_memory_runs_out_gets_503_and_gives_its_share_back()
    {
        var limits = new RequestLimits
        {
            Timeout = TimeSpan.FromMinutes(2),
            MaxBodyBytes = int.MaxValue,
            MaxBufferedBytes = int.MaxValue,
            MaxPromptCharacters = 1000,
            MaxBatchRequests = 3,
            MaxChoices = 1,
            MaxPictures = 2,
        };
        var budget = new BufferBudget(limits.MaxBufferedBytes);
        var http = new DefaultHttpContext();
        http.Features.Set(new RequestRecord { Id = "x" });
        http.Request.ContentLength = int.MaxValue;
        Ticket ticket = new Admission(places: 1, queue: 1).Arrive("a");
        await ErrorMiddleware.InvokeAsync(http, async _ =>
        {
            using var call = new ApiCall(http, new ServedModel(server.Model, "demo"), limits, ticket, budget, default);
            await RequestBody.ReadAsync(call);
        });
        Assert.Equal(503, http.Response.StatusCode);
        Assert.Equal("5", http.Response.Headers.RetryAfter.ToString());
        Assert.Equal(budget.Capacity, budget.Free);
    }

    private async Task<HttpResponseMessage> SendAsync(string route, string latin)
    {
        using var content = new ByteArrayContent(Encoding.Latin1.GetBytes(latin));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return await server.Client.PostAsync(server.Server.Address + route, content);
    }
}
