using System.Text;
using System.Text.Json.Nodes;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Generation;

namespace VlmSharp.Server.Tests;

/// <summary>The demo model behind a real server on a free port, and a client of it.</summary>
#pragma warning disable CA1001 // xunit calls DisposeAsync
public sealed class RunningServer : IAsyncLifetime
{
    private readonly CpuBackend cpu = new();

    public RunningServer() => Backend = new HeldBackend(cpu);

    /// <summary>The backend of the model.</summary>
    internal HeldBackend Backend { get; }

    public VisionLanguageModel Model { get; private set; } = null!;

    public VlmServer Server { get; private set; } = null!;

    public HttpClient Client { get; } = new() { Timeout = TimeSpan.FromMinutes(2) };

    /// <summary>A picture that the model knows, as its file.</summary>
    public static byte[] Sample { get; } = File.ReadAllBytes(Path.Combine(GoldenFiles.DemoModel, "..", "samples", "car-key.png"));

    /// <summary>The same as a data URI.</summary>
    public static string SampleUri { get; } = $"data:image/png;base64,{Convert.ToBase64String(Sample)}";

    /// <summary>Starts a server with a test's options and waits until it is ready. Dispose of it with <see cref="DisposeAsync"/>.</summary>
    public static async Task<RunningServer> StartAsync(Func<ServerOptions, ServerOptions> change)
    {
        var running = new RunningServer();
        await running.StartAsync(change(new ServerOptions { Port = 0, ModelName = "demo" }));
        return running;
    }

    /// <summary>Waits until a condition holds, at most 30 s.</summary>
    public static async Task UntilAsync(Func<bool> holds)
    {
        for (int i = 0; !holds(); i++)
        {
            Assert.True(i < 3000, "The condition did not hold within 30 s.");
            await Task.Delay(10);
        }
    }

    public Task InitializeAsync() => StartAsync(new ServerOptions { Port = 0, ModelName = "demo" });

    public async Task DisposeAsync()
    {
        Client.Dispose();
        Backend.LetGo();
        if (Server is not null) await Server.DisposeAsync();
        Model?.Dispose();
        Backend.Dispose();
        cpu.Dispose();
    }

    /// <summary>A chat request on the sample.</summary>
    public static JsonObject Chat(string prompt, params (string Name, JsonNode? Value)[] members)
    {
        var request = new JsonObject
        {
            ["model"] = "demo",
            ["messages"] = new JsonArray(User(prompt, SampleUri)),
        };
        foreach ((string name, JsonNode? value) in members) request[name] = value?.DeepClone();
        return request;
    }

    /// <summary>A user message.</summary>
    public static JsonObject User(string text, params string[] pictures) => new()
    {
        ["role"] = "user",
        ["content"] = new JsonArray([
            .. pictures.Select(
                uri => (JsonNode)new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = uri } }),
            new JsonObject { ["type"] = "text", ["text"] = text },
        ]),
    };

    /// <summary>Posts JSON.</summary>
    public Task<HttpResponseMessage> PostAsync(string path, JsonNode body, CancellationToken cancellationToken = default) =>
        PostAsync(path, body.ToJsonString(), cancellationToken);

    /// <summary>Posts text as JSON.</summary>
    public Task<HttpResponseMessage> PostAsync(string path, string body, CancellationToken cancellationToken = default) =>
        Client.PostAsync(Server.Address + path, new StringContent(body, Encoding.UTF8, "application/json"), cancellationToken);

    /// <summary>Posts a chat request, and expects an answer.</summary>
    public async Task<JsonNode> ChatAsync(JsonNode body)
    {
        using HttpResponseMessage response = await PostAsync("/v1/chat/completions", body);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    /// <summary>The data of the events in a stream.</summary>
    public async Task<List<string>> StreamAsync(string path, JsonNode body)
    {
        using HttpResponseMessage response = await PostAsync(path, body);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        string[] events = text.Split("\n\n");
        Assert.Equal("", events[^1]);
        return [
            .. events[..^1].Select(
                e => e.StartsWith("data: ", StringComparison.Ordinal) ? e["data: ".Length..] : throw new FormatException(e))
        ];
    }

    /// <summary>Sends a request that must fail, and checks the shape of the error.</summary>
    public static async Task<JsonNode> ErrorAsync(HttpResponseMessage response, int status)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        JsonNode error = JsonNode.Parse(text)!["error"]!;
        Assert.Equal(["message", "type", "param", "code"], error.AsObject().Select(m => m.Key));
        Assert.NotEmpty(error["message"]!.GetValue<string>());
        Assert.DoesNotContain(GoldenFiles.Root, text, StringComparison.Ordinal);
        return error;
    }

    private async Task StartAsync(ServerOptions options)
    {
        Server = await VlmServer.StartAsync(
            options, cancellation => Model = VisionLanguageModel.Open(GoldenFiles.DemoModel, Backend, null, cancellation));
        await Server.Ready;
    }
}
