namespace VlmSharp.Server.Tests.Hostile;

/// <summary>Bytes that are not HTTP, and HTTP of absurd sizes.</summary>
public sealed class HttpTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Chat = "/v1/chat/completions";

    /// <summary>
    /// Kestrel refuses these before the server sees a request: it sends a status with an empty body and closes the connection.
    /// </summary>
    public static TheoryData<string, string, int> NoHttp => new()
    {
        { "no words", "\0\u0001\u0002\u00ff\r\n\r\n", 400 },
        { "one word", "GARBAGE\r\n\r\n", 400 },
        { "TLS", "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003\r\n\r\n", 400 },
        { "another version", "GET / HTTP/9.9\r\nHost: a\r\n\r\n", 505 },
        { "no host", "GET / HTTP/1.1\r\n\r\n", 400 },
        { "two hosts", "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400 },
        { "a header without colon", "GET / HTTP/1.1\r\nHost: localhost\r\nnonsense\r\n\r\n", 400 },
        { "a space before the colon", "GET / HTTP/1.1\r\nHost: localhost\r\nA : b\r\n\r\n", 400 },
        { "NUL in a header", "GET / HTTP/1.1\r\nHost: localhost\r\nA: b\0c\r\n\r\n", 400 },
        { "NUL in the path", "GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400 },
        { "half of an escape of NUL", "GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400 },
        { "a long path", $"GET /{new string('a', 20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n", 414 },
        { "long headers", $"GET / HTTP/1.1\r\nHost: localhost\r\nA: {new string('a', 40_000)}\r\n\r\n", 431 },
        {
            "many headers",
            $"GET / HTTP/1.1\r\nHost: localhost\r\n{string.Concat(Enumerable.Range(0, 200).Select(i => $"A{i}: b\r\n"))}\r\n",
            431
        },
        { "a length below 0", $"POST {Chat} HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400 },
        { "a length that is no number", $"POST {Chat} HTTP/1.1\r\nHost: localhost\r\nContent-Length: abc\r\n\r\n", 400 },
        { "a length beyond 64 bits", $"POST {Chat} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n", 400 },
        { "two lengths", $"POST {Chat} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400 },
        { "a coding that nobody has", $"POST {Chat} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 400 },
    };

    [Theory, MemberData(nameof(NoHttp))]
    public async Task What_is_not_HTTP_is_refused_and_the_connection_closed(string what, string bytes, int status)
    {
        using RawConnection client = await RawConnection.OpenAsync(server);
        await client.SendAsync(bytes);
        string answer = await client.ReadToEndAsync();
        Assert.True(answer.StartsWith($"HTTP/1.1 {status} ", StringComparison.Ordinal), $"{what}: {answer}");
        Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
        await AnswersAsync();
    }

    [Theory]
    [InlineData("")]
    [InlineData("Expect: 100-continue\r\n")]
    public async Task A_huge_length_is_refused_before_a_byte_of_the_body(string more)
    {
        using RawConnection client = await RawConnection.OpenAsync(server);
        await client.SendAsync(
            $"POST {Chat} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000000000000\r\n{more}\r\n");
        Assert.Equal("request_too_large", (await client.ReadErrorAsync(413))["code"]!.ToString());
        await AnswersAsync();
    }

    [Theory, InlineData("/v1/caption"), InlineData("/v1/batch"), InlineData("/v1/explain"), InlineData("/v1/tokenize")]
    public async Task Every_route_refuses_a_huge_length(string path)
    {
        using RawConnection client = await RawConnection.OpenAsync(server);
        string type = path == "/v1/tokenize" ? "application/json" : "multipart/form-data; boundary=x";
        await client.SendAsync($"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {type}\r\nContent-Length: 30000001\r\n\r\n");
        await client.ReadErrorAsync(413);
    }

    [Theory]
    [InlineData("zz\r\n{}\r\n0\r\n\r\n"), InlineData("-1\r\n{}\r\n"), InlineData("ffffffffffffffff1\r\n{}\r\n"),
        InlineData("2\r\n{}xx0\r\n\r\n")]
    public async Task Bad_chunks_are_refused(string chunks)
    {
        using RawConnection client = await RawConnection.OpenAsync(server);
        await client.SendAsync(
            $"POST {Chat} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
        await client.ReadErrorAsync(400);
        await AnswersAsync();
    }

    /// <summary>
    /// A Content-Length beside chunks is how requests are smuggled past a proxy. The chunks count, and nothing after them is read as a
    /// request.
    /// </summary>
    [Fact]
    public async Task A_length_beside_chunks_smuggles_no_request()
    {
        using RawConnection client = await RawConnection.OpenAsync(server);
        await client.SendAsync(
            "POST /v1/tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5\r\nTransfer-Encoding: "
                + "chunked\r\n\r\n10\r\n{\"text\":\"a car\"}\r\n0\r\n\r\n");
        (int status, string body) = await client.ReadAnswerAsync();
        Assert.True(status is 200 or 400, body);
        await AnswersAsync();
    }

    private Task AnswersAsync() => server.ChatAsync(RunningServer.Chat("caption en", ("max_tokens", 2)));
}
