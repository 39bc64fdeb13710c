using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using VlmSharp.Server.Chat;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Keys;
using VlmSharp.Server.Native;
using VlmSharp.Server.Observing;
using VlmSharp.Server.Page;
using VlmSharp.Server.Pictures;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;
using VlmSharp.Tasks;

namespace VlmSharp.Server;

/// <summary>
/// The pipeline of a request: observation, errors in one format, routing, the checks of its origin and its key, and the route.
/// </summary>
internal static class ServerPipeline
{
    /// <summary>
    /// An application that listens. It uses the empty builder: it reads no environment, no files and no console; callers turn those into
    /// options.
    /// </summary>
    public static WebApplication Build(ServerOptions options, IPEndPoint address)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options, address));
        builder.Services.AddRoutingCore();
        builder.Services.AddObservation(options.Log, options.Otlp);
        return builder.Build();
    }

    /// <summary>Puts everything in its order.</summary>
    /// <returns>What reads the pictures, to be disposed of after the application.</returns>
    public static PictureReader Use(WebApplication application, ServerOptions options, KeyGate keys, Lifecycle lifecycle)
    {
        application.UseRequestObservation();
        application.Use(ErrorMiddleware.InvokeAsync);
        application.UseRouting();
        application.Use(new BrowserGate(keys.HasKeys, options.Host, options.AllowedHosts, options.AllowedOrigins).InvokeAsync);
        application.Use(keys.InvokeAsync);
        var admission = new Admission(options.MaxBatch, options.MaxQueue);
        ServerGauges gauges = application.Services.GetRequiredService<ServerGauges>();
        gauges.Waiting = () => admission.Waiting;
        gauges.MaxWaiting = () => options.MaxQueue;
        var source = new PictureSource(options.Pictures, isAlone: () => admission.HasNoOther);
        var pictures = new PictureReader(source, options.MaxBufferedBytes);
        MapApi(application, new ApiGate(LimitsOf(options), lifecycle, admission), pictures);
        application.MapMetrics();
        RouteGroupBuilder open = application.MapGroup("");
        open.WithMetadata(OpenRoute.Instance);
        open.MapHealth();
        open.MapPage();
        return pictures;
    }

    private static void Configure(KestrelServerOptions kestrel, ServerOptions options, IPEndPoint address)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        KestrelServerLimits limits = kestrel.Limits;
        limits.MaxRequestBodySize = options.MaxBodyBytes;
        limits.MaxRequestHeadersTotalSize = 32 << 10;
        ConnectionLimits connections = options.Connections;
        limits.MaxConcurrentConnections = connections.Most;
        limits.KeepAliveTimeout = connections.Idle;
        limits.RequestHeadersTimeout = connections.Headers;
        limits.MinRequestBodyDataRate = new MinDataRate(1024, connections.Patience);
        limits.MinResponseDataRate = new MinDataRate(240, connections.Patience);
        kestrel.Listen(address);
    }

    private static void MapApi(WebApplication routes, ApiGate gate, PictureReader pictures)
    {
        routes.MapGet("/v1/models", gate.Open(ModelsRoute.ListAsync));
        routes.MapGet("/v1/models/{**id}", gate.Open(ModelsRoute.GetAsync));
        routes.MapPost("/v1/chat/completions", gate.Around(new ChatRoute(pictures).HandleAsync));
        routes.MapPost("/v1/caption", gate.Around(new TaskRoute(TaskKind.Caption, pictures).HandleAsync));
        routes.MapPost("/v1/ask", gate.Around(new TaskRoute(TaskKind.Ask, pictures).HandleAsync));
        routes.MapPost("/v1/detect", gate.Around(new TaskRoute(TaskKind.Detect, pictures).HandleAsync));
        routes.MapPost("/v1/segment", gate.Around(new TaskRoute(TaskKind.Segment, pictures).HandleAsync));
        routes.MapPost("/v1/batch", gate.Around(new BatchRoute(pictures).HandleAsync));
        routes.MapPost("/v1/explain", gate.Around(new ExplainRoute(pictures).HandleAsync));
        routes.MapPost("/v1/tokenize", gate.Around(TokenizeRoute.HandleAsync));
    }

    private static RequestLimits LimitsOf(ServerOptions options) => new()
    {
        Timeout = options.Timeout,
        MaxBodyBytes = options.MaxBodyBytes,
        MaxBufferedBytes = options.MaxBufferedBytes,
        MaxPromptCharacters = options.MaxPromptCharacters,
        MaxBatchRequests = options.MaxBatchRequests,
        MaxPictures = options.Pictures.MaxPictures,
        MaxChoices = Math.Min(options.MaxChoices, options.MaxBatch),
    };
}
