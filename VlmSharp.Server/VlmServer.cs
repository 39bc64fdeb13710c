using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using VlmSharp.Generation;
using VlmSharp.Server.Keys;
using VlmSharp.Server.Observing;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server;

/// <summary>
/// A model behind HTTP: OpenAI's chat completions, and native routes that answer with boxes and masks. It listens at once and is ready when
/// the model is loaded; requests share the steps of one <see cref="GenerationEngine"/>.
/// </summary>
/// <remarks>
/// <code>
/// await using var server = await VlmServer.StartAsync(
///     new ServerOptions { Port = 8000 }, cancellation => VisionLanguageModel.Open(folder, backend, null, cancellation));
/// await server.Ready;
/// await server.RunAsync(stop);
/// </code>
/// </remarks>
public sealed class VlmServer : IAsyncDisposable
{
    private readonly ServerOptions options;
    private readonly WebApplication application;
    private readonly HealthState health;
    private readonly ServerGauges gauges;
    private readonly Lifecycle lifecycle;
    private readonly PictureReader pictures;
    private readonly CancellationTokenSource loading = new();
    private readonly object sync = new();
    private Task? stopping;

    private VlmServer(ServerOptions options, IPEndPoint address)
    {
        this.options = options;
        var keys = new KeyGate(options.ApiKeyFile, options.ApiKeys, options.ClientLimits, options.Warn ?? (_ => { }));
        if (!keys.HasKeys && !options.AllowAnonymous && !IPAddress.IsLoopback(address.Address))
            throw new ArgumentException(
                $"Others would reach {options.Host} without a key: give keys (--api-key-file), or allow it (--no-auth).");
        application = ServerPipeline.Build(options, address);
        health = application.Services.GetRequiredService<HealthState>();
        gauges = application.Services.GetRequiredService<ServerGauges>();
        lifecycle = new Lifecycle(health);
        pictures = ServerPipeline.Use(application, options, keys, lifecycle);
    }

    /// <summary>Where it listens, for instance <c>http://127.0.0.1:8000</c>.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Completes when requests are answered; fails if the model cannot be loaded.</summary>
    public Task Ready { get; private set; } = Task.CompletedTask;

    /// <summary>Begins to listen, and to load the model.</summary>
    /// <param name="options">How to serve.</param>
    /// <param name="open">Opens the model. It stays the caller's, to be disposed of after the server.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <returns>A server that listens; <see cref="Ready"/> says when it answers.</returns>
    /// <exception cref="ArgumentException">An option is out of range, or others could reach the server without a key.</exception>
    /// <exception cref="KeyFormatException">The keys cannot be read.</exception>
    /// <exception cref="IOException">The address is in use.</exception>
    public static async Task<VlmServer> StartAsync(
        ServerOptions options, Func<CancellationToken, VisionLanguageModel> open, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(open);
        options.Validate();
        var server = new VlmServer(options, ServerAddress.Parse(options.Host, options.Port));
        try
        {
            await server.application.StartAsync(cancellationToken).ConfigureAwait(false);
            IServerAddressesFeature? addresses =
                server.application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>();
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
        using (stop.UnsafeRegister(static told => ((TaskCompletionSource)told!).TrySetResult(), told))
            await told.Task.ConfigureAwait(false);
        await StopAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// Accepts no further request, finishes the running ones within <see cref="ServerOptions.DrainLimit"/>, and ends. Until then it
    /// listens, and says on /health/ready and to new requests that it is stopping.
    /// </summary>
    public Task StopAsync()
    {
        lock (sync) return stopping ??= DrainAsync();
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

    private async Task DrainAsync()
    {
        await loading.CancelAsync().ConfigureAwait(false);
        await lifecycle.DrainAsync(options.DrainLimit).ConfigureAwait(false);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await application.StopAsync(patience.Token).ConfigureAwait(false);
        await Ready.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Load(Func<CancellationToken, VisionLanguageModel> open)
    {
        try
        {
            VisionLanguageModel model = open(loading.Token);
            var served = new ServedModel(model, options.ModelName ?? model.Name);
            served.Warm(loading.Token);
            (gauges.ModelName, gauges.Model) = (served.Name, model);
            lifecycle.Open(served);
        }
        catch
        {
            health.Fail("The model cannot be loaded.");
            throw;
        }
    }
}
