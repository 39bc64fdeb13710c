using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace VlmSharp.Server.Tests.Pictures;

/// <summary>A server on loopback that sends exactly the bytes that a test writes, good or bad.</summary>
internal sealed class LocalServer : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource end = new();
    private readonly Func<string, NetworkStream, CancellationToken, Task> answer;

    /// <summary>Starts the server.</summary>
    /// <param name="answer">Gets the path of each request and writes what it likes.</param>
    public LocalServer(Func<string, NetworkStream, CancellationToken, Task> answer)
    {
        this.answer = answer;
        listener.Start();
        _ = AcceptAsync();
    }

    public LocalServer(Func<string, byte[]> answer) : this((path, stream, cancel) => stream.WriteAsync(answer(path), cancel).AsTask()) { }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>The texts of the requests so far.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>An answer with a body and its length.</summary>
    public static byte[] Ok(byte[] body, string headers = "Content-Type: image/png\r\n") =>
        [.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n{headers}\r\n"), .. body];

    /// <summary>An answer that redirects.</summary>
    public static byte[] Redirect(string location, int status = 302) =>
        Encoding.ASCII.GetBytes($"HTTP/1.1 {status} Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");

    public void Dispose()
    {
        end.Cancel();
        listener.Dispose();
        end.Dispose();
    }

    private async Task AcceptAsync()
    {
        CancellationToken cancel = end.Token;
        try
        {
            while (true) _ = ServeAsync(await listener.AcceptTcpClientAsync(cancel), cancel);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client, CancellationToken cancel)
    {
        using (client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                var request = new StringBuilder();
                byte[] piece = new byte[4096];
                while (!request.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
                {
                    int read = await stream.ReadAsync(piece, cancel);
                    if (read == 0) return;
                    request.Append(Encoding.ASCII.GetString(piece, 0, read));
                }
                Requests.Enqueue(request.ToString());
                await answer(request.ToString().Split(' ')[1], stream, cancel);
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                // The other side closed the connection.
            }
        }
    }
}
