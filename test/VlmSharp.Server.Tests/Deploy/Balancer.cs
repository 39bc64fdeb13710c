using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using VlmSharp.Conformance;

namespace VlmSharp.Server.Tests.Deploy;

/// <summary>Two servers behind Debian's nginx with the configuration in deploy/, all on loopback.</summary>
internal sealed class Balancer : IAsyncDisposable
{
    private readonly string folder;
    private readonly Process nginx;

    private Balancer(string folder, Process nginx, Uri address, RunningServer[] replicas) =>
        (this.folder, this.nginx, Address, Replicas) = (folder, nginx, address, replicas);

    public Uri Address { get; }

    public RunningServer[] Replicas { get; }

    public HttpClient Client { get; } = new() { Timeout = TimeSpan.FromMinutes(2) };

    public static async Task<Balancer> StartAsync()
    {
        RunningServer[] replicas = [await RunningServer.StartAsync(o => o), await RunningServer.StartAsync(o => o)];
        // Other users must be able to read this folder: nginx's workers run as another user.
        string folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"vlmsharp-nginx-{Guid.NewGuid():N}")).FullName;
        int port = FreePort();
        string text = DeployFiles.Read("nginx", "nginx.conf")
            .Replace("/tmp/", folder + "/", StringComparison.Ordinal)
            .Replace("listen 8080;", $"listen 127.0.0.1:{port};", StringComparison.Ordinal);
        for (int i = 0; i < 2; i++)
            text = text.Replace($"replica-{i + 1}:8000", new Uri(replicas[i].Server.Address).Authority, StringComparison.Ordinal);
        // A server asks for unbuffered events with a header. The header is ignored here, so the configuration alone must do it.
        text = text.Replace(
            "proxy_http_version 1.1;", "proxy_http_version 1.1; proxy_ignore_headers X-Accel-Buffering;", StringComparison.Ordinal);
        string file = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(file, text);
        Process nginx = Tool.Start("nginx", ["-e", "stderr", "-p", folder, "-c", file, "-g", "daemon off;"]);
        var balancer = new Balancer(folder, nginx, new Uri($"http://127.0.0.1:{port}"), replicas);
        await balancer.WaitAsync();
        return balancer;
    }

    /// <summary>The number of answers with status 200 that a server gave on a route, by its own metric.</summary>
    public async Task<int> AnsweredAsync(int replica, string route)
    {
        string text = await Client.GetStringAsync(Replicas[replica].Server.Address + "/metrics");
        const string Count = "^vlmsharp_server_request_duration_seconds_count";
        Match line = Regex.Match(
            text, $"{Count}\\{{http_route=\"{Regex.Escape(route)}\",http_response_status_code=\"200\"\\}} (\\d+)", RegexOptions.Multiline);
        return line.Success ? int.Parse(line.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture) : 0;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!nginx.HasExited)
        {
            await Tool.RunAsync("sh", ["-c", $"kill -TERM {nginx.Id}"]); // it ends its workers
            await nginx.WaitForExitAsync();
        }

        nginx.Dispose();
        foreach (RunningServer replica in Replicas) await replica.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private async Task WaitAsync()
    {
        Task<string> errors = nginx.StandardError.ReadToEndAsync();
        for (int i = 0; ; i++)
        {
            if (nginx.HasExited) throw new InvalidOperationException($"nginx: {await errors}");
            Assert.True(i < 600, "nginx did not begin to listen.");
            try
            {
                using HttpResponseMessage response = await Client.GetAsync(new Uri(Address, "/health/ready"));
                if (response.StatusCode == HttpStatusCode.OK) return;
            }
            catch (HttpRequestException)
            {
                // not yet
            }

            await Task.Delay(50);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
