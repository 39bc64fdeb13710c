using VlmSharp.Cli.Errors;

namespace VlmSharp.Cli.Serving;

/// <summary>
/// Asks a server whether it is ready. Container health checks use it, since a server image has no curl and perhaps no shell.
/// </summary>
internal static class HealthProbe
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    /// <summary>Sends one request.</summary>
    /// <param name="server">The server's address.</param>
    /// <returns>The exit code. The server's status goes to standard output.</returns>
    public static async Task<int> AskAsync(Uri server)
    {
        using var direct = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        using var client = new HttpClient(direct) { Timeout = Patience, MaxResponseContentBufferSize = 1 << 16 };
        try
        {
            using HttpResponseMessage response = await client.GetAsync(new Uri(server, "/health/ready"));
            Console.Out.WriteLine(await response.Content.ReadAsStringAsync());
            return response.IsSuccessStatusCode ? ExitCodes.Success : ExitCodes.NotReady;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            Console.Out.WriteLine($"{server} does not answer: {e.Message}");
            return ExitCodes.NotReady;
        }
    }
}
