using System.Text.Json;
using VlmSharp.Server.Observing;

namespace VlmSharp.Server.Tests.Observing;

/// <summary>The log has one line for each request, whatever the request holds, and no answer waits for the log.</summary>
public sealed class RequestLogTests : IDisposable
{
    private readonly LogStream stream = new();

    public void Dispose() => stream.Dispose();

    [Fact]
    public async Task A_line_holds_what_is_known_about_a_request()
    {
        using var log = new RequestLog(new RequestLogOptions { Output = stream });
        var record = new RequestRecord
        {
            Id = "abc",
            Route = "/v1/caption",
            Client = "alice",
            Model = "demo",
            Adapter = "cats",
            CachedPictures = 1,
            TextTokens = 4,
            ImageTokens = 256,
            CompletionTokens = 11,
            LargestStep = 3,
            FinishReason = "stop",
            Queued = TimeSpan.FromMilliseconds(1.5),
            Vision = TimeSpan.FromMilliseconds(2),
            Prefill = TimeSpan.FromMilliseconds(3),
            Decode = TimeSpan.FromMilliseconds(100),
            TimeToFirstToken = TimeSpan.FromMilliseconds(6.5),
            Status = 200,
            Duration = TimeSpan.FromMilliseconds(110),
            TraceId = "0af7",
        };
        record.Pictures.Add(new PictureFacts(1234, 640, 480, "JPEG", "89abcdef"));
        log.Write(record);
        string line = Assert.Single(await stream.ReadAsync(1));
        Assert.Equal('\n', line[^1]);
        using JsonDocument json = JsonDocument.Parse(line);
        DateTime time = json.RootElement.GetProperty("time").GetDateTime();
        Assert.Equal(DateTimeKind.Utc, time.Kind);
        Assert.Equal(
            """{"id":"abc","trace":"0af7","client":"alice","route":"/v1/caption","status":"""
                + """200,"model":"demo","adapter":"cats","cached_images":1,"images":[{"bytes":1234,"width":640,"height":"""
                + """480,"format":"JPEG","sha256":"89abcdef"}],"text_tokens":4,"image_tokens":256,"completion_tokens":11,"largest_step":"""
                + """3,"tokens_per_second":100,"finish_reason":"stop","queue_ms":1.5,"vision_ms":2,"prefill_ms":3,"decode_ms":"""
                + """100,"ttft_ms":6.5,"total_ms":110}""",
            "{" + line[(line.IndexOf(',') + 1)..^1]);
    }

    [Theory]
    [InlineData("a\nb")]
    [InlineData("a\r\n{\"time\":\"forged\"}")]
    [InlineData("a\u001b[2J\u0000\u0007b")]
    [InlineData("a\u2028\u2029\u0085\u202eb")]
    [InlineData("a\"},{\"b")]
    [InlineData("a\ud800b")]
    public async Task No_text_can_end_a_line_or_begin_another(string text)
    {
        using var log = new RequestLog(new RequestLogOptions { Output = stream, IncludeContent = true });
        log.Write(new RequestRecord
        {
            Id = text,
            Client = text,
            Model = text,
            Adapter = text,
            Route = text,
            ErrorType = text,
            FinishReason = text,
            TraceId = text,
            KeepsContent = true,
            Prompt = text,
            Answer = text,
        });
        string line = Assert.Single(await stream.ReadAsync(1));
        Assert.All(line[..^1], c => Assert.InRange(c, ' ', '~'));
        using JsonDocument json = JsonDocument.Parse(line);
        string expected = text.Replace('\ud800', '\ufffd');
        foreach (string name in (string[])[
            "id", "client", "model", "adapter", "route", "error", "finish_reason", "trace", "prompt", "answer"
        ])
            Assert.Equal(expected, json.RootElement.GetProperty(name).GetString());
    }

    [Fact]
    public async Task A_long_name_is_cut()
    {
        using var log = new RequestLog(new RequestLogOptions { Output = stream });
        log.Write(new RequestRecord { Id = "abc", Model = new string('m', 100_000) });
        Assert.InRange(Assert.Single(await stream.ReadAsync(1)).Length, 256, 600);
    }

    [Fact]
    public void Prompts_and_answers_are_logged_only_on_demand()
    {
        var plain = new RequestRecord { Id = "abc", Prompt = "caption en", Answer = "a cake" };
        Assert.Null(plain.Prompt);
        Assert.Null(plain.Answer);
        var telling = new RequestRecord { Id = "abc", KeepsContent = true, Prompt = "caption en", Answer = "a cake" };
        Assert.Equal(("caption en", "a cake"), (telling.Prompt, telling.Answer));
    }

    [Fact]
    public async Task A_blocked_reader_costs_lines_but_no_time()
    {
        stream.Hold();
        using var log = new RequestLog(new RequestLogOptions { Output = stream, Capacity = 10 });
        log.Write(new RequestRecord { Id = "first" });
        await stream.Blocked.WaitAsync();
        for (int i = 0; i < 25; i++) log.Write(new RequestRecord { Id = $"r{i}" }); // returns even though nothing reads the queue
        Assert.Equal(15, log.Lost);
        stream.Release();
        string[] lines = await stream.ReadAsync(12);
        Assert.Contains("\"id\":\"first\"", lines[0], StringComparison.Ordinal);
        Assert.EndsWith("\"lost_lines\":15}\n", lines[1], StringComparison.Ordinal);
        Assert.Equal(
            Enumerable.Range(0, 10).Select(i => $"r{i}"),
            lines[2..].Select(line => JsonDocument.Parse(line).RootElement.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task A_broken_stream_fails_no_request_and_is_tried_again()
    {
        stream.IsBroken = true;
        using var log = new RequestLog(new RequestLogOptions { Output = stream });
        log.Write(new RequestRecord { Id = "a" });
        log.Write(new RequestRecord { Id = "b" });
        DateTime end = DateTime.UtcNow + TimeSpan.FromSeconds(60);
        while (log.Lost < 2 && DateTime.UtcNow < end) await Task.Delay(1);
        Assert.Equal(2, log.Lost);
        stream.IsBroken = false;
        log.Write(new RequestRecord { Id = "c" });
        Assert.Contains("\"id\":\"c\"", Assert.Single(await stream.ReadAsync(1)), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_queued_is_written_at_the_end()
    {
        using (var log = new RequestLog(new RequestLogOptions { Output = stream }))
            for (int i = 0; i < 1000; i++) log.Write(new RequestRecord { Id = $"r{i}" });
        Assert.Equal(1000, stream.Writes.Count);
    }

    [Fact]
    public void Without_a_stream_nothing_happens()
    {
        using var log = new RequestLog(new RequestLogOptions());
        for (int i = 0; i < 10_000; i++) log.Write(new RequestRecord { Id = "a" });
        Assert.Equal(0, log.Lost);
    }
}
