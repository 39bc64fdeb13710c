namespace VlmSharp.Server.Observing;

/// <summary>What a server is doing as a whole.</summary>
internal enum HealthPhase
{
    /// <summary>The model is being loaded.</summary>
    Loading,

    /// <summary>Requests are answered.</summary>
    Ready,

    /// <summary>It accepts no more requests and ends when the current ones have ended.</summary>
    Draining,

    /// <summary>It cannot answer and will not recover: it should be restarted.</summary>
    Failed,
}

/// <summary>A phase, and why.</summary>
/// <param name="Phase">Loading, ready, draining or failed.</param>
/// <param name="Reason">One sentence that anybody may read: no path, nothing of a request.</param>
internal sealed record HealthReport(HealthPhase Phase, string Reason);

/// <summary>
/// Whether the server is alive and whether it is ready. It goes from loading to ready to draining, or from any phase to failed; a step
/// back, such as ready while it drains, is ignored.
/// </summary>
internal sealed class HealthState
{
    private readonly Lock gate = new();

    /// <summary>The phase now.</summary>
    public HealthReport Now
    {
        get => Volatile.Read(ref field);
        private set => Volatile.Write(ref field, value);
    } = new(HealthPhase.Loading, "The model is being loaded.");

    /// <summary>Requests can be answered from now on.</summary>
    public void Ready() => Move(new HealthReport(HealthPhase.Ready, "The model answers."));

    /// <summary>No more requests are to come.</summary>
    public void Drain() =>
        Move(new HealthReport(HealthPhase.Draining, "The server is about to end: it finishes the requests that it has."));

    /// <summary>Nothing can be answered any more.</summary>
    /// <param name="reason">One sentence that anybody may read.</param>
    public void Fail(string reason) => Move(new HealthReport(HealthPhase.Failed, reason));

    private void Move(HealthReport next)
    {
        lock (gate)
        {
            if (next.Phase > Now.Phase) Now = next;
        }
    }
}
