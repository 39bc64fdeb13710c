using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Server.Observing;

namespace VlmSharp.Server.Tests.Observing;

/// <summary>
/// A real server on loopback with the demo model: the observing routes, one route that generates, and some that fail.
/// </summary>
internal sealed class ObservedServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly CpuBackend backend = new();

    private ObservedServer(RequestLogOptions log, OtlpOptions? otlp)
    {
        Model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddObservation(log, otlp);
        app = builder.Build();
        app.UseRequestObservation();
        app.MapHealth();
        app.MapMetrics();
        app.MapMethods("/v1/caption", ["POST"], CaptionAsync);
        app.MapMethods("/full", ["GET"], context =>
        {
            (RequestRecord.Of(context).Rejection, context.Response.StatusCode) = (Rejection.ClientLimit, 429);
            return Task.CompletedTask;
        });
        app.MapMethods("/broken", ["GET"], _ => throw new InvalidOperationException("/etc/secret"));
        app.MapMethods("/items/{id}", ["GET"], context =>
        {
            RequestRecord record = RequestRecord.Of(context);
            record.Client = context.Request.Query["client"].ToString();
            record.Model = context.Request.Query["model"].ToString();
            return Task.CompletedTask;
        });
        app.MapMethods("/slow", ["GET"], context => Task.Delay(Timeout.Infinite, context.RequestAborted));
    }

    public VisionLanguageModel Model { get; }

    public IServiceProvider Services => app.Services;

    public HttpClient Client { get; private set; } = null!;

    /// <summary>Starts a server whose model is not ready until a test says so.</summary>
    public static async Task<ObservedServer> StartAsync(RequestLogOptions? log = null, OtlpOptions? otlp = null)
    {
        var server = new ObservedServer(log ?? new RequestLogOptions(), otlp);
        await server.app.StartAsync();
        server.Client = new HttpClient { BaseAddress = new Uri(server.app.Urls.First()) };
        return server;
    }

    /// <summary>Marks the model as loaded.</summary>
    public void Load()
    {
        ServerGauges gauges = Services.GetRequiredService<ServerGauges>();
        (gauges.ModelName, gauges.Model) = (Model.Name, Model);
        Services.GetRequiredService<HealthState>().Ready();
    }

    public Task<HttpResponseMessage> CaptionAsync(string prompt = "caption en", string? id = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/caption")
        {
            Content = new StringContent(prompt, MediaTypeHeaderValue.Parse("text/plain"))
        };
        if (id is not null) request.Headers.TryAddWithoutValidation("x-request-id", id);
        return Client.SendAsync(request);
    }

    public Task<string> MetricsAsync() => Client.GetStringAsync("/metrics");

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await app.DisposeAsync();
        Model.Dispose();
        backend.Dispose();
    }

    private async Task CaptionAsync(HttpContext context)
    {
        RequestRecord record = RequestRecord.Of(context);
        string path = Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png");
        string prompt = await new StreamReader(context.Request.Body).ReadToEndAsync();
        RgbImage image = ImageFile.Load(path);
        record.Model = Model.Name;
        record.Prompt = prompt;
        record.Pictures.Add(new PictureFacts((int)new FileInfo(path).Length, image.Width, image.Height, "PNG", "01234567"));
        PendingAnswer answer = await Model.SubmitAsync(
            new GenerationRequest { Images = [image], Prompt = prompt }, new GenerationOptions { MaxNewTokens = 20 });
        GenerationResult result = await answer.Result;
        record.Add(answer);
        record.TimeToFirstToken = answer.TimeToFirstToken;
        record.ImageTokens = Model.Config.Vision.Patches;
        (record.TextTokens, record.CompletionTokens, record.FinishReason) =
            (result.PromptTokens - record.ImageTokens, result.TokenIds.Count, "stop");
        record.Answer = result.Text;
        await context.Response.WriteAsync(result.Text!);
    }
}
