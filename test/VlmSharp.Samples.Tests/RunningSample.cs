using System.Diagnostics;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace VlmSharp.Samples.Tests;

/// <summary>A web program of a page, running on a free port of this machine.</summary>
internal sealed class RunningSample : IAsyncDisposable
{
    private readonly Task run;
    private readonly IHostApplicationLifetime lifetime;

    private RunningSample(Task run, IHostApplicationLifetime lifetime, string address)
    {
        (this.run, this.lifetime) = (run, lifetime);
        Client = new HttpClient { BaseAddress = new Uri(address) };
    }

    /// <summary>Sends to the program.</summary>
    public HttpClient Client { get; }

    /// <summary>Compiles a program as <c>dotnet new web</c> with VlmSharp.Extensions.AI, and starts it.</summary>
    public static async Task<RunningSample> StartAsync(string code, params string[] arguments)
    {
        var program = new SampleProgram(code, ["VlmSharp.Extensions.AI"], web: true);
        using var built = new HostListener();
        Task run = Task.Run(() => program.RunAsync([.. arguments, "--urls", "http://127.0.0.1:0", "--Logging:LogLevel:Default", "None"]));
        if (await Task.WhenAny(built.Host, run) == run) await run;
        IHost host = await built.Host;
        IHostApplicationLifetime lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();
        var started = new TaskCompletionSource();
        lifetime.ApplicationStarted.Register(started.SetResult);
        if (await Task.WhenAny(started.Task, run) == run) await run;
        IServer server = host.Services.GetRequiredService<IServer>();
        return new RunningSample(run, lifetime, server.Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        lifetime.StopApplication();
        await run;
    }

    /// <summary>Hears of the host that a program builds, as ASP.NET Core's own test host does.</summary>
    private sealed class HostListener : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
    {
        private readonly TaskCompletionSource<IHost> host = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly List<IDisposable> subscriptions = [];

        public HostListener() => subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));

        public Task<IHost> Host => host.Task;

        public void OnNext(DiagnosticListener value)
        {
            if (value.Name == "Microsoft.Extensions.Hosting") subscriptions.Add(value.Subscribe(this));
        }

        public void OnNext(KeyValuePair<string, object?> value)
        {
            if (value is { Key: "HostBuilt", Value: IHost built }) host.TrySetResult(built);
        }

        public void OnCompleted() { }

        public void OnError(Exception error) { }

        public void Dispose() => subscriptions.ForEach(subscription => subscription.Dispose());
    }
}
