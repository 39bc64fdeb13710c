using VlmSharp.Server.Errors;
using VlmSharp.Server.Observing;

namespace VlmSharp.Server.Scheduling;

/// <summary>The server's life from loading to the end: admits requests, counts them, and drains the last ones.</summary>
internal sealed class Lifecycle(HealthState health) : IDisposable
{
    private readonly object sync = new();
    private readonly CancellationTokenSource cut = new();
    private ServedModel? served;
    private bool isOpen, isClosed;
    private int inside;
    private TaskCompletionSource? empty;

    /// <summary>Requests that are being answered.</summary>
    public int Inside
    {
        get { lock (sync) return inside; }
    }

    /// <summary>Canceled when the requests that still run are abandoned.</summary>
    public CancellationToken Cut => cut.Token;

    /// <summary>Begins to admit requests, unless the server is already stopping.</summary>
    public void Open(ServedModel model)
    {
        lock (sync)
        {
            (served, isOpen) = (model, true);
            health.Ready();
        }
    }

    /// <summary>Admits a request; <see cref="Leave"/> must follow.</summary>
    /// <exception cref="ApiException">503: no request is admitted now.</exception>
    public ServedModel Enter()
    {
        lock (sync)
        {
            if (isClosed) throw ApiException.Draining("The server is stopping");
            if (!isOpen) throw ApiException.Unavailable("loading", "The model is being loaded: try again soon.", TimeSpan.FromSeconds(2));
            inside++;
            return served!;
        }
    }

    /// <summary>A request is over.</summary>
    public void Leave()
    {
        lock (sync)
            if (--inside == 0) empty?.TrySetResult();
    }

    /// <summary>Admits no more requests, and waits for the current ones; those not done in time are abandoned.</summary>
    /// <param name="limit">How long they may take.</param>
    public async Task DrainAsync(TimeSpan limit)
    {
        Task gone = Close();
        if (await EndsAsync(gone, limit)) return;
        await cut.CancelAsync();
        await EndsAsync(gone, TimeSpan.FromSeconds(5)); // time to say so; who does not listen is cut off with the connection
    }

    /// <summary>Stops admitting requests.</summary>
    /// <returns>Completes when no request is left.</returns>
    private Task Close()
    {
        lock (sync)
        {
            isClosed = true;
            health.Drain();
            empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (inside == 0) empty.TrySetResult();
            return empty.Task;
        }
    }

    private static async Task<bool> EndsAsync(Task task, TimeSpan limit) => await Task.WhenAny(task, Task.Delay(limit)) == task;

    public void Dispose() => cut.Dispose();
}
