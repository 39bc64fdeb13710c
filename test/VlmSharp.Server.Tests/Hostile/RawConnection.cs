using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace VlmSharp.Server.Tests.Hostile;

/// <summary>A connection on which a test sends any bytes at any time. No wait on it is longer than a minute.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly CancellationTokenSource limit = new(TimeSpan.FromMinutes(1));
    private readonly StringBuilder received = new();

    /// <summary>Connects to a server.</summary>
    public static async Task<RawConnection> OpenAsync(RunningServer server)
    {
        var connection = new RawConnection();
        await connection.socket.ConnectAsync(IPEndPoint.Parse(new Uri(server.Server.Address).Authority), connection.limit.Token);
        return connection;
    }

    /// <summary>A request with a body of JSON.</summary>
    public static string Post(string path, string body, string more = "") =>
        $"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n{more}\r\n{body}";

    /// <summary>Sends text, one byte for each character.</summary>
    public async Task SendAsync(string text)
    {
        for (ReadOnlyMemory<byte> rest = Encoding.Latin1.GetBytes(text); rest.Length > 0;)
            rest = rest[await socket.SendAsync(rest, limit.Token)..];
    }

    /// <summary>Sends a text and then ten bytes a second, until the server closes the connection.</summary>
    public async Task DripAsync(string first, char what)
    {
        try
        {
            await SendAsync(first);
            while (true)
            {
                await SendAsync(what.ToString());
                await Task.Delay(100, limit.Token);
            }
        }
        catch (SocketException)
        {
        }
        catch (ObjectDisposedException)
        {
        }
    }

    /// <summary>Closes the sending side and keeps reading.</summary>
    public void EndSending() => socket.Shutdown(SocketShutdown.Send);

    /// <summary>Aborts the connection: the other side gets a reset.</summary>
    public void Reset() => socket.Close(0);

    /// <summary>Reads everything until the server closes the connection.</summary>
    public async Task<string> ReadToEndAsync()
    {
        while (await ReceiveAsync())
        {
        }

        return received.ToString();
    }

    /// <summary>Reads the next answer, which states its length.</summary>
    public async Task<(int Status, string Body)> ReadAnswerAsync()
    {
        int end;
        while ((end = received.ToString().IndexOf("\r\n\r\n", StringComparison.Ordinal)) < 0)
            Assert.True(await ReceiveAsync(), $"The connection ended: {received}");
        string head = received.ToString(0, end);
        string length = head.Split("\r\n")
            .Single(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))["Content-Length:".Length..];
        int whole = end + 4 + int.Parse(length, System.Globalization.CultureInfo.InvariantCulture);
        while (received.Length < whole) Assert.True(await ReceiveAsync(), $"The connection ended: {received}");
        string body = received.ToString(end + 4, whole - end - 4);
        received.Remove(0, whole);
        return (StatusOf(head), body);
    }

    /// <summary>Reads the next answer, which must be an error in OpenAI's shape.</summary>
    public async Task<JsonNode> ReadErrorAsync(int status)
    {
        (int got, string body) = await ReadAnswerAsync();
        Assert.True(got == status, $"{got}: {body}");
        JsonNode error = JsonNode.Parse(body)!["error"]!;
        Assert.Equal(["message", "type", "param", "code"], error.AsObject().Select(m => m.Key));
        return error;
    }

    /// <summary>The status of an answer.</summary>
    public static int StatusOf(string answer) =>
        int.Parse(answer.AsSpan("HTTP/1.1 ".Length, 3), provider: System.Globalization.CultureInfo.InvariantCulture);

    public void Dispose()
    {
        socket.Dispose();
        limit.Dispose();
    }

    private async Task<bool> ReceiveAsync()
    {
        var buffer = new byte[4096];
        int count;
        try
        {
            count = await socket.ReceiveAsync(buffer, limit.Token);
        }
        catch (SocketException)
        {
            count = 0; // a reset ends the connection too
        }

        received.Append(Encoding.Latin1.GetString(buffer, 0, count));
        return count > 0;
    }
}
