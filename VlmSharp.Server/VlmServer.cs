using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using VlmSharp.Generation;
using VlmSharp.Server.Chat;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Keys;
using VlmSharp.Server.Observing;
using VlmSharp.Server.Pictures;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server;

/// <summary>
/// A model behind HTTP: OpenAI's chat completions, and routes of its own that answer with boxes and masks. It listens at once and is ready when the model is loaded; requests share the
/// steps of one <see cref="GenerationEngine"/>.
/// </summary>
/// <remarks>
/// <code>
/// await using var server = await VlmServer.StartAsync(new ServerOptions { Port = 8000 }, cancellation => VisionLanguageModel.Open(folder, backend, null, cancellation));
/// await server.Ready;
/// await server.RunAsync(stop);
/// </code>
/// </remarks>
public sealed class VlmServer : IAsyncDisposable
{
    private readonly ServerOptions options;
    private readonly IPEndPoint address;
    private readonly WebApplication application;
    private readonly Lifecycle lifecycle = new();
    private readonly CancellationTokenSource loading = new();
    private readonly PictureReader pictures = new(new PictureSource(new PictureOptions()));
    private bool isStopped;

    private VlmServer(ServerOptions options, IPEndPoint address)
    {
        (this.options, this.address) = (options, address);
        application = Build();
    }

    /// <summary>Where it listens, for instance <c>http://127.0.0.1:8000</c>.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Ends when requests are answered; fails where the model cannot be loaded.</summary>
    public Task Ready { get; private set; } = Task.CompletedTask;

    /// <summary>Begins to listen, and to load the model.</summary>
    /// <param name="options">How to serve.</param>
    /// <param name="open">Opens the model. It stays the caller's, to be disposed of after the server.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <returns>A server that listens; <see cref="Ready"/> says when it answers.</returns>
    /// <exception cref="ArgumentException">An option is out of range, or others could reach the server without a key.</exception>
    /// <exception cref="IOException">The address is in use.</exception>
    public static async Task<VlmServer> StartAsync(ServerOptions options, Func<CancellationToken, VisionLanguageModel> open, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(open);
        options.Validate();
        IPEndPoint address = ServerAddress.Parse(options.Host, options.Port);
        if (!options.AllowAnonymous && !IPAddress.IsLoopback(address.Address))
            throw new ArgumentException($"Others would reach {options.Host} without a key: give keys (--api-key-file), or allow it (--no-auth).", nameof(options));
        var server = new VlmServer(options, address);
        try
        {
            await server.application.StartAsync(cancellationToken).ConfigureAwait(false);
            IServerAddressesFeature? addresses = server.application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>();
            server.Address = addresses?.Addresses.FirstOrDefault() ?? "";
            server.Ready = Task.Run(() => server.Load(open), CancellationToken.None);
            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Serves until it is told to stop; then finishes what runs, as <see cref="StopAsync"/>.</summary>
    /// <param name="stop">Tells it.</param>
    public async Task RunAsync(CancellationToken stop)
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using (stop.UnsafeRegister(static told => ((TaskCompletionSource)told!).TrySetResult(), told)) await told.Task.ConfigureAwait(false);
        await StopAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// Takes no further request, finishes those that run, for as long as <see cref="ServerOptions.DrainLimit"/>, and ends. Until then it listens, and says on /health/ready and
    /// to new requests that it is stopping.
    /// </summary>
    public async Task StopAsync()
    {
        if (isStopped) return;
        isStopped = true;
        await loading.CancelAsync().ConfigureAwait(false);
        await lifecycle.DrainAsync(options.DrainLimit).ConfigureAwait(false);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await application.StopAsync(patience.Token).ConfigureAwait(false);
        await Ready.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Stops, and frees what the server holds; the model is the caller's.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        await application.DisposeAsync().ConfigureAwait(false);
        pictures.Dispose();
        lifecycle.Dispose();
        loading.Dispose();
    }

    private void Load(Func<CancellationToken, VisionLanguageModel> open)
    {
        VisionLanguageModel model = open(loading.Token);
        var served = new ServedModel(model, options.ModelName ?? model.Name);
        served.Warm(loading.Token);
        lifecycle.Open(served);
    }

    /// <summary>The empty builder: no environment, no files and no console are looked at here; whoever has them makes options of them.</summary>
    private WebApplication Build()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(Configure);
        builder.Services.AddRoutingCore();
        WebApplication built = builder.Build();
        built.Use(RequestIds.InvokeAsync);
        built.Use(ErrorMiddleware.InvokeAsync);
        built.UseRouting();
        Map(built);
        return built;
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        KestrelServerLimits limits = kestrel.Limits;
        limits.MaxRequestBodySize = options.MaxBodyBytes;
        limits.MaxRequestHeadersTotalSize = 32 << 10;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        limits.MinRequestBodyDataRate = new MinDataRate(1024, TimeSpan.FromSeconds(10));
        limits.MinResponseDataRate = new MinDataRate(240, TimeSpan.FromSeconds(10));
        kestrel.Listen(address);
    }

    private void Map(WebApplication routes)
    {
        var admission = new Admission(options.MaxBatch, options.MaxQueue);
        var gate = new ApiGate(LimitsOf(options), lifecycle, admission);
        routes.MapGet("/health/live", (RequestDelegate)(http => HealthAsync(http, isWell: true, "live"))).WithMetadata(OpenRoute.Instance);
        routes.MapGet("/health/ready", (RequestDelegate)ReadyAsync).WithMetadata(OpenRoute.Instance);
        routes.MapGet("/v1/models", gate.Open(ModelsRoute.ListAsync));
        routes.MapGet("/v1/models/{id}", gate.Open(ModelsRoute.GetAsync));
        routes.MapPost("/v1/chat/completions", gate.Around(new ChatRoute(pictures).HandleAsync));
    }

    private Task ReadyAsync(HttpContext http)
    {
        ServerState state = lifecycle.State;
        return HealthAsync(http, state == ServerState.Ready, state switch { ServerState.Loading => "loading", ServerState.Ready => "ready", _ => "draining" });
    }

    private static Task HealthAsync(HttpContext http, bool isWell, string status)
    {
        http.Response.StatusCode = isWell ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return JsonResponse.WriteAsync(http.Response, json =>
        {
            json.WriteStartObject();
            json.WriteString("status", status);
            json.WriteEndObject();
        }, http.RequestAborted);
    }

    private static RequestLimits LimitsOf(ServerOptions options) => new()
    {
        Timeout = options.Timeout,
        MaxBodyBytes = options.MaxBodyBytes,
        MaxBufferedBytes = options.MaxBufferedBytes,
        MaxPictures = options.MaxPictures,
        MaxPromptCharacters = options.MaxPromptCharacters,
        MaxBatchRequests = options.MaxBatchRequests,
        MaxChoices = Math.Min(options.MaxChoices, options.MaxBatch),
    };
}
