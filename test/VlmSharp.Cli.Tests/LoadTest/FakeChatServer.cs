using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace VlmSharp.Cli.Tests.LoadTest;

/// <summary>The part of a chat server that a load generator needs, on its own port. The prompt decides what happens to a request.</summary>
internal sealed class FakeChatServer : IDisposable
{
    /// <summary>A request that was received.</summary>
    internal sealed record Request(string Path, string? Authorization, JsonElement? Body)
    {
        public string Prompt =>
            Body!.Value.GetProperty("messages")[0].GetProperty("content").EnumerateArray().Last().GetProperty("text").GetString()!;
    }

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Func<Request, Answer, Task> handle;
    private readonly List<Request> requests = [];

    /// <param name="handle">Answers chat requests; <see cref="AnswerAsync"/> when null.</param>
    public FakeChatServer(Func<Request, Answer, Task>? handle = null)
    {
        this.handle = handle ?? AnswerAsync;
        listener.Start();
        _ = AcceptAsync();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    /// <summary>Chat requests so far.</summary>
    public Request[] Requests
    {
        get
        {
            lock (requests) return [.. requests];
        }
    }

    /// <summary>Does what the prompt asks for.</summary>
    public static Task AnswerAsync(Request request, Answer answer) => request.Prompt switch
    {
        "busy" =>
            answer.ErrorAsync("429 Too Many Requests", """{"error":{"message":"full","type":"rate_limit_error"}}""", "Retry-After: 3\r\n"),
        "broken page" => answer.ErrorAsync("502 Bad Gateway", "<html>", ""),
        "cut" => answer.WriteAsync(Answer.Head, "5\r\ndata:\r\n"),
        "no end" => answer.WriteAsync(Answer.Head, Answer.Chunk("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"), "0\r\n\r\n"),
        "in stream" => answer.WriteAsync(
            Answer.Head, Answer.Chunk("data: {\"error\":{\"message\":\"x\",\"type\":\"server_error\"}}\n\n"), "0\r\n\r\n"),
        "no json" => answer.WriteAsync(Answer.Head, Answer.Chunk("data: what?\n\n"), "0\r\n\r\n"),
        "no stream" => answer.ErrorAsync("200 OK", """{"choices":[]}""", ""),
        "hang" => Task.Delay(Timeout.Infinite, answer.Stop),
        _ => answer.TextAsync("a cat", " and", " a dog"),
    };

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await listener.AcceptTcpClientAsync(stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // the test is over
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                while (await ReadAsync(stream) is { } request)
                {
                    var answer = new Answer(stream, stop.Token);
                    if (request.Path == "/v1/models")
                        await answer.ErrorAsync("200 OK", """{"data":[{"id":"first"},{"id":"second"}]}""", "");
                    else
                    {
                        lock (requests) requests.Add(request);
                        await handle(request, answer);
                    }

                    if (answer.IsCut) return;
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                // the client has left, or the test is over
            }
        }
    }

    private static async Task<Request?> ReadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one) == 0) return null;
            head.Append((char)one[0]);
        }

        string[] lines = head.ToString().Split("\r\n");
        string? Header(string name) => lines.FirstOrDefault(
            l => l.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase))?[(name.Length + 2)..];
        byte[] body = new byte[int.Parse(Header("Content-Length") ?? "0", CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body);
        return new Request(lines[0].Split(' ')[1], Header("Authorization"), body.Length == 0 ? null : JsonElement.Parse(body));
    }

    public void Dispose()
    {
        stop.Cancel();
        listener.Stop();
        stop.Dispose();
    }

    /// <summary>Writes an answer.</summary>
    internal sealed class Answer(NetworkStream stream, CancellationToken stop)
    {
        public const string Head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

        public CancellationToken Stop => stop;

        /// <summary>Whether the connection is closed after it.</summary>
        public bool IsCut { get; private set; }

        public static string Chunk(string text) => $"{text.Length:x}\r\n{text}\r\n";

        public static string Piece(string text) =>
            Chunk($"data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null}}]}}\n\n");

        public async Task WriteAsync(params string[] parts)
        {
            foreach (string part in parts) await stream.WriteAsync(Encoding.ASCII.GetBytes(part), stop);
            IsCut = !parts[^1].EndsWith("0\r\n\r\n", StringComparison.Ordinal);
        }

        public Task ErrorAsync(string status, string body, string headers) =>
            stream.WriteAsync(
                Encoding.ASCII.GetBytes(
                    $"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n{headers}\r\n{body}"),
                stop).AsTask();

        /// <summary>A whole answer with twice as many tokens as pieces.</summary>
        public Task TextAsync(params string[] pieces) => WriteAsync(
        [
            Head, Chunk("data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"), .. pieces.Select(Piece),
            Chunk("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"),
            Chunk($"data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":7,\"completion_tokens\":{2 * pieces.Length}}}}}\n\n"),
            Chunk("data: [DONE]\n\n"),
            "0\r\n\r\n",
        ]);
    }
}
