namespace VlmSharp.Server.Scheduling;

/// <summary>
/// Memory that all requests share, such as that for their bodies: a request takes its share before it uses the memory, and waits for it in
/// order of arrival. However many requests arrive, they take no more than this.
/// </summary>
/// <param name="capacity">Bytes altogether.</param>
internal sealed class BufferBudget(long capacity)
{
    private readonly object sync = new();
    private readonly LinkedList<Waiter> waiting = [];
    private long free = capacity;
    private Share? turn; // has waited and may grow: until it shrinks, all others wait

    /// <summary>Bytes altogether.</summary>
    public long Capacity { get; } = capacity;

    /// <summary>Bytes that are not taken.</summary>
    public long Free
    {
        get { lock (sync) return free; }
    }

    /// <summary>Requests that wait for a share.</summary>
    public int Waiting
    {
        get { lock (sync) return waiting.Count; }
    }

    /// <summary>Waits for a share.</summary>
    /// <param name="bytes">How much, not more than there is altogether.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The share.</returns>
    public async Task<Share> TakeAsync(long bytes, CancellationToken cancellationToken)
    {
        Share share = TakeNothing();
        await WaitAsync(new Waiter(share, bytes, KeepsTurn: false), cancellationToken);
        return share;
    }

    /// <summary>A share of nothing, which can grow.</summary>
    public Share TakeNothing() => new(this);

    private async Task WaitAsync(Waiter waiter, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(waiter.Bytes, Capacity);
        LinkedListNode<Waiter> node;
        lock (sync)
        {
            if (turn == waiter.Share)
            {
                node = waiting.AddFirst(waiter);
            }
            else
            {
                free += waiter.Share.Release(0); // who waits behind others holds nothing that they could wait for
                node = waiting.AddLast(waiter);
            }

            ServeNext();
        }

        using CancellationTokenRegistration watch = cancellationToken.UnsafeRegister((_, token) => GiveUp(node, token), null);
        await waiter.Served.Task;
    }

    // Nobody overtakes those who wait, and whoever has the turn.
    private bool TryGrow(Share share, long to)
    {
        lock (sync)
        {
            bool isNext = turn is null ? waiting.Count == 0 : turn == share;
            if (!isNext || to - share.Bytes > free) return false;
            free -= share.Extend(to);
            return true;
        }
    }

    private void ServeNext()
    {
        while (waiting.First is { Value: var first }
            && (turn is null || turn == first.Share)
            && first.Bytes - first.Share.Bytes <= free)
        {
            waiting.RemoveFirst();
            free -= first.Share.Extend(first.Bytes);
            if (first.KeepsTurn) turn = first.Share;
            first.Served.SetResult();
        }
    }

    private void GiveUp(LinkedListNode<Waiter> node, CancellationToken token)
    {
        lock (sync)
        {
            if (node.List is null) return; // it has its share, and whoever holds it gives it back
            waiting.Remove(node);
            node.Value.Served.SetCanceled(token);
            ServeNext();
        }
    }

    private void Shrink(Share share, long to)
    {
        lock (sync)
        {
            free += share.Release(to);
            if (turn == share) turn = null;
            ServeNext();
        }
    }

    /// <summary>A part of the memory, until it is disposed of.</summary>
    internal sealed class Share(BufferBudget budget) : IDisposable
    {
        /// <summary>How much it is.</summary>
        public long Bytes { get; private set; }

        /// <summary>What <see cref="TryGrow"/> refused most recently, in bytes; 0 if nothing.</summary>
        public long Refused { get; private set; }

        /// <summary>Takes as much as is missing to a number of bytes, without waiting.</summary>
        /// <returns>
        /// Whether it is that large now; no if not so much is free, or if others wait for it and this share does not have the turn.
        /// </returns>
        public bool TryGrow(long to)
        {
            if (to <= Bytes || budget.TryGrow(this, to)) return true;
            Refused = to;
            return false;
        }

        /// <summary>
        /// Waits until it is as large as that. A share without the turn gives back what it has and waits behind all others; then it has the
        /// turn until it shrinks: meanwhile no other share is given out, and if it has to wait again, it keeps what it has and its turn.
        /// </summary>
        /// <param name="to">Bytes, not more than there are altogether.</param>
        /// <param name="cancellationToken">Gives up. The share stays as large as it is then.</param>
        public Task GrowAsync(long to, CancellationToken cancellationToken) =>
            budget.WaitAsync(new Waiter(this, to, KeepsTurn: true), cancellationToken);

        /// <summary>Releases all but a number of bytes, of a larger share, and the turn.</summary>
        public void Shrink(long to) => budget.Shrink(this, to);

        /// <summary>Gives all back.</summary>
        public void Dispose() => Shrink(0);

        /// <summary>Makes it as large as that, if it is smaller. Only for the budget.</summary>
        /// <returns>By how much it grew.</returns>
        internal long Extend(long to)
        {
            long taken = Math.Max(0, to - Bytes);
            Bytes += taken;
            return taken;
        }

        /// <summary>Makes it as small as that, if it is larger. Only for the budget.</summary>
        /// <returns>By how much it shrank.</returns>
        internal long Release(long to)
        {
            long given = Math.Max(0, Bytes - to);
            Bytes -= given;
            return given;
        }
    }

    private sealed record Waiter(Share Share, long Bytes, bool KeepsTurn)
    {
        public TaskCompletionSource Served { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
