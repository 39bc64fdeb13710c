using System.Text;
using System.Text.Json;
using VlmSharp.Cli.LoadTest;

namespace VlmSharp.Cli.Tests.LoadTest;

/// <summary>Streams as they arrive over a network: in pieces of any size, and from hostile servers.</summary>
public sealed class ChatServerTests
{
    private const string Answer = """
        : a comment

        data: {"choices":[{"delta":{"role":"assistant","content":""},"finish_reason":null}]}

        event: message
        data: {"choices":[{"delta":{"content":"caf\u00e9 "}}]}

        data: {"choices":[{"delta":
        data: {"content":"für zwei"},"finish_reason":"stop"}]}

        data: {"choices":[],"usage":{"prompt_tokens":260,"completion_tokens":4}}

        data: [DONE]


        """;

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public async Task Events_are_complete_wherever_the_network_cuts_them(string end)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Answer.ReplaceLineEndings(end));
        for (int size = 1; size < bytes.Length; size += size < 40 ? 1 : 37)
        {
            var pieces = new List<ChatPiece>();
            await foreach (ChatPiece piece in ChatServer.ReadAsync(new Dripping(bytes, size), CancellationToken.None)) pieces.Add(piece);
            Assert.Equal(["", "café ", "für zwei", "", ""], pieces.Select(p => p.Text));
            Assert.Equal([false, false, true, false, false], pieces.Select(p => p.IsFinish));
            Assert.Equal((260, 4), pieces[3].Usage);
            Assert.True(pieces[4].IsDone);
            Assert.All(pieces, p => Assert.Null(p.Error));
        }
    }

    [Theory]
    [InlineData("""{"error":{"message":"m","type":"server_error"}}""", "server_error")]
    [InlineData("""{"error":"out of memory"}""", "out of memory")]
    [InlineData("""{"error":{"message":"m"}}""", "error")]
    [InlineData("""{"error":{"type":"a\u001b[31mb"}}""", "a?[31mb")] // no control codes for a terminal
    [InlineData("""{"choices":[{"delta":null}],"usage":null}""", null)]
    [InlineData("""{"choices":{},"usage":7}""", null)]
    public void An_event_may_be_an_error_or_odd(string data, string? type) =>
        Assert.Equal(type, ChatPiece.Parse("message", Encoding.UTF8.GetBytes(data)).Error);

    [Theory]
    [InlineData("[1]")]
    [InlineData("what?")]
    [InlineData("")]
    public void Other_data_are_refused(string data) =>
        Assert.ThrowsAny<JsonException>(() => ChatPiece.Parse("message", Encoding.UTF8.GetBytes(data)));

    [Fact]
    public async Task A_line_that_does_not_end_is_an_error()
    {
        await using var endless = new Dripping([.. "data: "u8], int.MaxValue, repeat: true);
        await Assert.ThrowsAsync<InvalidDataException>(async () =>
        {
            await foreach (ChatPiece _ in ChatServer.ReadAsync(endless, CancellationToken.None)) { }
        });
    }

    /// <summary>A stream that gives at most a number of bytes at a time.</summary>
    private sealed class Dripping(byte[] bytes, int size, bool repeat = false) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (repeat && Position == Length) Position = 0;
            return ValueTask.FromResult(Read(buffer.Span[..Math.Min(buffer.Length, size)]));
        }
    }
}
