namespace VlmSharp.Server.Scheduling;

/// <summary>A request in the queue; it takes places, one after the other or several at once.</summary>
internal sealed class Ticket : IDisposable
{
    private readonly Admission admission;

    internal Ticket(Admission admission, string client) => (this.admission, Client) = (admission, client);

    /// <summary>Whose it is.</summary>
    public string Client { get; }

    /// <summary>Waits for places.</summary>
    /// <param name="count">How many, all at once.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The places.</returns>
    public Task<Place> EnterAsync(int count, CancellationToken cancellationToken) => admission.EnterAsync(this, count, cancellationToken);

    /// <summary>Whether it has had a place, or is over. Only for the admission.</summary>
    internal bool IsIn { get; set; }

    /// <summary>The request is over.</summary>
    public void Dispose() => admission.ComeIn(this);
}
