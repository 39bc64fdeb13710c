using VlmSharp.Cli.Errors;

namespace VlmSharp.Cli.Serving;

/// <summary>Asks a server whether it is ready: what a container's health check runs, for an image of a server has no curl, and perhaps no shell.</summary>
internal static class HealthProbe
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    /// <summary>Asks once.</summary>
    /// <param name="server">Where it listens.</param>
    /// <returns>The exit code. What the server says of itself goes to standard output.</returns>
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
