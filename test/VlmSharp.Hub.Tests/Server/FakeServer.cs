using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace VlmSharp.Hub.Tests.Server;

/// <summary>
/// A listener that reads a request, passes it on, and writes exactly the bytes of the answer, so that the answer can be wrong in any way.
/// </summary>
internal sealed class FakeServer : IAsyncDisposable
{
    private const int MostHead = 1 << 16;

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Func<FakeRequest, FakeAnswer> answer;
    private readonly Func<Stream, Task<Stream>> wrap;
    private readonly bool isElsewhere;
    private readonly Task accepting;

    public FakeServer(bool isElsewhere, Func<FakeRequest, FakeAnswer> answer, Func<Stream, Task<Stream>>? wrap = null)
    {
        (this.isElsewhere, this.answer, this.wrap) = (isElsewhere, answer, wrap ?? Task.FromResult);
        listener.Start();
        accepting = Task.Run(AcceptAsync);
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public ConcurrentQueue<FakeRequest> Requests { get; } = new();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await listener.AcceptTcpClientAsync(stop.Token);
                _ = Task.Run(() => ServeAsync(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                using Stream stream = await wrap(client.GetStream());
                if (await ReadAsync(stream) is not { } request) return;
                Requests.Enqueue(request);
                FakeAnswer said = answer(request);
                var head = new StringBuilder($"HTTP/1.1 {said.Status} Whatever\r\nConnection: close\r\n");
                foreach ((string name, string value) in said.Headers) head.Append($"{name}: {value}\r\n");
                await stream.WriteAsync(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()), stop.Token);
                if (request.Method != "HEAD") await said.Body(stream, stop.Token);
                await stream.FlushAsync(stop.Token);
            }
            catch (Exception e)
                when (e is IOException or OperationCanceledException or SocketException
                    or System.Security.Authentication.AuthenticationException)
            {
                // The client has closed the connection, which many tests do on purpose.
            }
        }
    }

    private async Task<FakeRequest?> ReadAsync(Stream stream)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (head.Count < MostHead && await stream.ReadAsync(one, stop.Token) == 1)
        {
            head.Add(one[0]);
            if (head.Count >= 4 && head[^1] == '\n' && head[^2] == '\r' && head[^3] == '\n') break;
        }

        string[] lines = Encoding.ASCII.GetString([.. head]).Split("\r\n");
        if (lines[0].Split(' ') is not [var method, var path, _]) return null;
        var headers = lines.Skip(1).Select(line => line.Split(": ", 2)).Where(parts => parts.Length == 2)
            .ToDictionary(parts => parts[0].ToLowerInvariant(), parts => parts[1], StringComparer.Ordinal);
        return new FakeRequest(isElsewhere, method, path, headers);
    }

    public async ValueTask DisposeAsync()
    {
        if (accepting.IsCompleted) return; // a test may end it early
        await stop.CancelAsync();
        listener.Stop();
        await accepting;
        stop.Dispose();
    }
}
