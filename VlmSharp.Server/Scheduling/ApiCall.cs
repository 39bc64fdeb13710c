using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using VlmSharp.Generation;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Observing;

namespace VlmSharp.Server.Scheduling;

/// <summary>
/// A request to a route that asks the model: its place in the queue, the memory of its body, and when it ends early. It ends early when
/// the client disconnects, when its time is over, and when the server stops.
/// </summary>
internal sealed class ApiCall : IDisposable
{
    private readonly CancellationTokenSource source;
    private readonly Ticket ticket;
    private readonly BufferBudget budget;
    private readonly CancellationToken cut;
    private BufferBudget.Share? share;

    /// <summary>Begins the call.</summary>
    internal ApiCall(HttpContext http, ServedModel served, RequestLimits limits, Ticket ticket, BufferBudget budget, CancellationToken cut)
    {
        (Http, Served, Limits, this.ticket, this.budget, this.cut) = (http, served, limits, ticket, budget, cut);
        Record = RequestRecord.Of(http);
        source = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, cut);
        source.CancelAfter(limits.Timeout);
    }

    /// <summary>The HTTP request and its response.</summary>
    public HttpContext Http { get; }

    /// <summary>Who answers.</summary>
    public ServedModel Served { get; }

    /// <summary>What the request may ask for: its bytes, pictures, answers and time.</summary>
    public RequestLimits Limits { get; }

    /// <summary>What is known of it.</summary>
    public RequestRecord Record { get; }

    /// <summary>Its id.</summary>
    public string Id => Record.Id;

    /// <summary>Canceled when it ends early; <see cref="Reason"/> tells why.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>Selects the model or adapter by the name in the request, and records it.</summary>
    /// <param name="name">The name, or null.</param>
    /// <returns>The full name, and the adapter for a <see cref="GenerationRequest"/>.</returns>
    /// <exception cref="ApiException">404: there is none of that name.</exception>
    public (string Id, string Adapter) Choose(string? name)
    {
        (string id, string adapter) = Served.Find(name);
        (Record.Model, Record.Adapter) = (id, adapter == VisionLanguageModel.BaseName ? null : adapter);
        return (id, adapter);
    }

    /// <summary>
    /// Why it ended early, for the client: 504 if its time was over, 503 if the server is stopping, 499 if the client is gone.
    /// </summary>
    public ApiException Reason()
    {
        if (Http.RequestAborted.IsCancellationRequested) return new ApiException(499, RequestError.Canceled, null, "The client went away.");
        if (cut.IsCancellationRequested)
            return ApiException.Draining("The server stopped before the answer was complete");
        return new ApiException(
            504,
            "timeout",
            "deadline_exceeded",
            $"The answer was not complete after {Limits.Timeout.TotalSeconds:0.###} s: "
                + "ask for fewer tokens, or when the server is less busy.");
    }

    /// <summary>Waits for memory to read the body into.</summary>
    /// <param name="bytes">How much it may take.</param>
    public async Task ReserveAsync(long bytes) => share = await budget.TakeAsync(bytes, Token);

    /// <summary>Releases that memory: whatever is still needed of the body has been read.</summary>
    public void ReleaseBody() => share?.Dispose();

    /// <summary>Waits for places.</summary>
    /// <param name="count">Answers at the same time.</param>
    /// <returns>The places, to be disposed of when the answers are complete.</returns>
    public async Task<Place> EnterAsync(int count)
    {
        long start = Stopwatch.GetTimestamp();
        Place place = await ticket.EnterAsync(count, Token);
        if (Record.Queued == TimeSpan.Zero) Record.Queued = Stopwatch.GetElapsedTime(start);
        return place;
    }

    /// <summary>Ends it.</summary>
    public void Dispose()
    {
        ticket.Dispose();
        share?.Dispose();
        source.Dispose();
    }
}
