using VlmSharp.Server.Errors;

namespace VlmSharp.Server.Scheduling;

/// <summary>
/// Decides who may generate. The number of places is limited; a request without a free place waits, and clients take turns: each client's
/// first request queues behind the first requests of the others, however many it has sent. The queue is bounded: a request that finds it
/// full is told when to try again.
/// </summary>
/// <param name="places">Maximum number of simultaneous answers.</param>
/// <param name="queue">Maximum number of waiting requests.</param>
internal sealed class Admission(int places, int queue)
{
    private readonly object sync = new();
    private readonly int all = places;
    private readonly Dictionary<string, LinkedList<Waiter>> waiting = new(StringComparer.Ordinal); // by client, in order of arrival
    private readonly LinkedList<string> turns = []; // clients that wait, the next one first
    private readonly ServiceRate rate = new();
    private int free = places, outside; // outside: requests that have come and have had no place yet

    /// <summary>Requests that have come and wait for their first place.</summary>
    public int Waiting
    {
        get { lock (sync) return outside; }
    }

    /// <summary>Places that are taken.</summary>
    public int Running
    {
        get { lock (sync) return all - free; }
    }

    /// <summary>Whether no request has a place, and at most one is on its way to one: whoever asks is that one.</summary>
    public bool HasNoOther
    {
        get { lock (sync) return free == all && outside <= 1; }
    }

    /// <summary>Registers a request before any of it is read.</summary>
    /// <param name="client">Whose request it is: the name of its key, or one name for all if there are no keys.</param>
    /// <returns>The ticket for its places; to be disposed of at its end.</returns>
    /// <exception cref="ApiException">429: too many wait.</exception>
    public Ticket Arrive(string client)
    {
        lock (sync)
        {
            if (outside >= queue + free)
            {
                TimeSpan wait = rate.TimeFor(outside + 1);
                throw new ApiException(
                    429,
                    "rate_limit_exceeded",
                    "queue_full",
                    $"The queue is full ({outside} in it): try again when the header Retry-After says.",
                    retryAfter: wait);
            }

            outside++;
            return new Ticket(this, client);
        }
    }

    /// <summary>Waits for places: all at once, so that nobody holds some and waits for others.</summary>
    internal async Task<Place> EnterAsync(Ticket ticket, int count, CancellationToken cancellationToken)
    {
        if (count > all) throw new ArgumentOutOfRangeException(nameof(count), count, "There are not so many places.");
        Waiter waiter;
        lock (sync)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (turns.Count == 0 && count <= free) return Seat(ticket, count);
            waiter = new Waiter(ticket, count);
            if (!waiting.TryGetValue(ticket.Client, out LinkedList<Waiter>? own))
            {
                waiting.Add(ticket.Client, own = []);
                turns.AddLast(ticket.Client);
            }

            own.AddLast(waiter);
        }

        using CancellationTokenRegistration watch = cancellationToken.UnsafeRegister((_, token) => GiveUp(waiter, token), null);
        return await waiter.Seated.Task;
    }

    /// <summary>A ticket that had a place, or leaves without one, no longer counts as outside.</summary>
    internal void ComeIn(Ticket ticket)
    {
        lock (sync)
        {
            if (ticket.IsIn) return;
            ticket.IsIn = true;
            outside--;
        }
    }

    internal void Release(int count)
    {
        lock (sync)
        {
            free += count;
            rate.Count(count);
            SeatNext();
        }
    }

    /// <summary>Gives free places to the next requests in turn. A request that needs more than are free is not overtaken.</summary>
    private void SeatNext()
    {
        while (turns.First is { } turn && waiting[turn.Value].First!.Value is var next && next.Count <= free)
        {
            Remove(next);
            if (waiting.ContainsKey(turn.Value))
            {
                turns.Remove(turn);
                turns.AddLast(turn);
            }

            next.Seated.SetResult(Seat(next.Ticket, next.Count));
        }
    }

    private Place Seat(Ticket ticket, int count)
    {
        free -= count;
        ComeIn(ticket);
        return new Place(this, count);
    }

    private void GiveUp(Waiter waiter, CancellationToken token)
    {
        lock (sync)
        {
            if (waiter.Seated.Task.IsCompleted) return; // it has its place, and will see the token itself
            Remove(waiter);
            waiter.Seated.SetCanceled(token);
            SeatNext(); // it may have stood before those who fit
        }
    }

    private void Remove(Waiter waiter)
    {
        LinkedList<Waiter> own = waiting[waiter.Ticket.Client];
        own.Remove(waiter);
        if (own.Count > 0) return;
        waiting.Remove(waiter.Ticket.Client);
        turns.Remove(waiter.Ticket.Client);
    }

    private sealed class Waiter(Ticket ticket, int count)
    {
        public Ticket Ticket { get; } = ticket;

        public int Count { get; } = count;

        public TaskCompletionSource<Place> Seated { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
