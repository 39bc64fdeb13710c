using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace VlmSharp.Training.Tests.Tracking;

/// <summary>A server with MLflow's limits, in this process.</summary>
internal sealed class FakeMlflow : IDisposable
{
    private readonly HttpListener listener = new();
    private readonly Task work;

    public FakeMlflow()
    {
        for (int attempt = 0; ; attempt++)
        {
            using (var probe = new TcpListener(IPAddress.Loopback, 0))
            {
                probe.Start();
                Address = new Uri($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/");
            }

            listener.Prefixes.Clear();
            listener.Prefixes.Add(Address.AbsoluteUri);
            try
            {
                listener.Start();
                break;
            }
            catch (HttpListenerException) when (attempt < 10)
            {
                // Another process has taken the port in the meantime.
            }
        }

        work = Task.Run(ServeAsync);
    }

    public Uri Address { get; }

    public bool HasExperiment { get; init; }

    /// <summary>Whether it answers everything with an error.</summary>
    public bool IsBroken { get; set; }

    public List<string> Calls { get; } = [];

    public List<string> Authorizations { get; } = [];

    public List<(string Key, double Value, long Step)> Metrics { get; } = [];

    public Dictionary<string, string> Parameters { get; } = [];

    public string Status { get; private set; } = "";

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            (int status, string body) = IsBroken ? (500, "broken") : Answer(context.Request);
            context.Response.StatusCode = status;
            try
            {
                context.Response.Close(System.Text.Encoding.UTF8.GetBytes(body), willBlock: true);
            }
            catch (HttpListenerException)
            {
                // The client did not wait for the answer.
            }
        }
    }

    private (int Status, string Body) Answer(HttpListenerRequest request)
    {
        const string Api = "/api/2.0/mlflow/";
        string call = request.Url!.AbsolutePath[Api.Length..];
        Calls.Add($"{request.HttpMethod} {call}");
        Authorizations.Add(request.Headers["Authorization"] ?? "");
        if (call == "experiments/get-by-name")
            return HasExperiment
                ? (200, """{"experiment":{"experiment_id":"4"}}""")
                : (404, """{"error_code":"RESOURCE_DOES_NOT_EXIST"}""");
        using var body = new MemoryStream();
        request.InputStream.CopyTo(body);
        if (body.Length > 1 << 20) return (400, "larger than 1 MB");
        JsonElement json = JsonDocument.Parse(body.ToArray()).RootElement;
        switch (call)
        {
            case "experiments/create": return (200, """{"experiment_id":"9"}""");
            case "runs/create":
                return (200, "{\"run\":{\"info\":{\"run_id\":\"run-of-" + json.GetProperty("experiment_id").GetString() + "\"}}}");
            case "runs/log-batch": return LogBatch(json);
            case "runs/update":
                Status = json.GetProperty("status").GetString()!;
                return (200, "{}");
            default: return (404, "no such call");
        }
    }

    private (int Status, string Body) LogBatch(JsonElement json)
    {
        JsonElement metrics = json.GetProperty("metrics"), parameters = json.GetProperty("params");
        if (metrics.GetArrayLength() > 1000 || parameters.GetArrayLength() > 100) return (400, "too many");
        foreach (JsonElement m in metrics.EnumerateArray())
            Metrics.Add((m.GetProperty("key").GetString()!, m.GetProperty("value").GetDouble(), m.GetProperty("step").GetInt64()));
        foreach (JsonElement p in parameters.EnumerateArray())
            if (!Parameters.TryAdd(p.GetProperty("key").GetString()!, p.GetProperty("value").GetString()!))
                return (400, "a parameter was set before");
        return (200, "{}");
    }

    public void Dispose()
    {
        listener.Close();
        work.GetAwaiter().GetResult();
    }
}
