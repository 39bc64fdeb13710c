using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using VlmSharp.Server.Page;

namespace VlmSharp.Server.Tests.Page;

/// <summary>
/// Serves the page with answers that a test writes. It is for what a server with a model does rarely or at an unknown moment, such as
/// being busy, asking for a key or stopping in the middle of an answer. It speaks the protocol of the native routes.
/// </summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly WebApplication app;

    private ScriptedServer(WebApplication app) => this.app = app;

    /// <summary>The origin of the server, for example http://127.0.0.1:40001.</summary>
    public string Origin => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    /// <summary>The requests for pictures so far, as route and fields; <c>image</c> is the file's name.</summary>
    public ConcurrentQueue<(string Route, IReadOnlyDictionary<string, string> Fields)> Asked { get; } = [];

    /// <summary>Starts a server.</summary>
    /// <param name="answer">Answers a native route, with its fields.</param>
    /// <param name="models">The names at /v1/models.</param>
    /// <param name="key">The key that it asks for, or null.</param>
    public static async Task<ScriptedServer> StartAsync(
        Func<HttpContext, IReadOnlyDictionary<string, string>, Task> answer, string[]? models = null, string? key = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        WebApplication app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var server = new ScriptedServer(app);
        app.MapPage();
        RouteHandler("/v1/models", http =>
            http.Response.WriteAsJsonAsync(new JsonObject
            {
                ["object"] = "list",
                ["data"] = new JsonArray([.. (models ?? ["demo"]).Select(id => new JsonObject { ["id"] = id })])
            }));
        RouteHandler("/v1/{task}", async http =>
        {
            IFormCollection form = await http.Request.ReadFormAsync();
            var fields = form.ToDictionary(field => field.Key, field => field.Value.ToString());
            fields["image"] = form.Files.Single().FileName;
            server.Asked.Enqueue((http.Request.Path, fields));
            await answer(http, fields);
        });
        await app.StartAsync();
        return server;

        void RouteHandler(string pattern, RequestDelegate handler) => app.Map(pattern, http =>
            key is null || http.Request.Headers.Authorization == $"Bearer {key}"
                ? handler(http)
                : FailAsync(http, 401, "This server needs a key: send it as a bearer token."));
    }

    /// <summary>Answers with an error, in the server's shape.</summary>
    public static Task FailAsync(HttpContext http, int status, string message, string? retryAfter = null)
    {
        http.Response.StatusCode = status;
        if (retryAfter is not null) http.Response.Headers.RetryAfter = retryAfter;
        return http.Response.WriteAsJsonAsync(
            new JsonObject { ["error"] = new JsonObject { ["message"] = message, ["type"] = "any", ["param"] = null, ["code"] = null } });
    }

    /// <summary>Sends one event.</summary>
    public static async Task SendAsync(HttpContext http, string data)
    {
        if (!http.Response.HasStarted) http.Response.ContentType = "text/event-stream";
        await http.Response.WriteAsync($"data: {data}\n\n", http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }

    /// <summary>Sends the whole answer and the end of the stream.</summary>
    public static async Task EndAsync(HttpContext http, JsonObject whole)
    {
        await SendAsync(http, whole.ToJsonString());
        await SendAsync(http, "[DONE]");
    }

    /// <summary>The whole answer about a picture of 224 by 224 pixels.</summary>
    public static JsonObject Answer(string task, string prompt, string text, params JsonObject[] detections) => new()
    {
        ["task"] = task,
        ["prompt"] = prompt,
        ["width"] = 224,
        ["height"] = 224,
        ["detections"] = new JsonArray([.. detections]),
        ["id"] = "vlm-1",
        ["model"] = "demo",
        ["text"] = text,
        ["finish_reason"] = "stop",
        ["usage"] = new JsonObject
        {
            ["prompt_tokens"] = 67,
            ["completion_tokens"] = 9,
            ["total_tokens"] = 76,
            ["prompt_tokens_details"] = new JsonObject { ["text_tokens"] = 3, ["image_tokens"] = 64 }
        },
        ["timings"] = new JsonObject { ["queue_ms"] = 0.1, ["first_token_ms"] = 21.4, ["total_ms"] = 1630.0 },
    };

    /// <summary>A thing that was found.</summary>
    public static JsonObject Found(string label, double left, double top, double right, double bottom, JsonObject? mask = null)
    {
        var found = new JsonObject { ["label"] = label, ["score"] = 0.875, ["box"] = new JsonArray(left, top, right, bottom) };
        if (mask is not null) found["mask"] = mask;
        return found;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(new CancellationToken(canceled: true));
        await app.DisposeAsync();
    }
}
