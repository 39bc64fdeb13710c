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
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, Capacity);
        var waiter = new Waiter(new Share(this, bytes));
        LinkedListNode<Waiter> node;
        lock (sync)
        {
            node = waiting.AddLast(waiter);
            ServeNext();
        }

        using CancellationTokenRegistration watch = cancellationToken.UnsafeRegister((_, token) => GiveUp(node, token), null);
        return await waiter.Served.Task;
    }

    /// <summary>A share of nothing, which can grow.</summary>
    public Share TakeNothing() => new(this, 0);

    // Nobody overtakes those who wait.
    private bool TryTake(long bytes)
    {
        lock (sync)
        {
            if (waiting.Count > 0 || bytes > free) return false;
            free -= bytes;
            return true;
        }
    }

    private void ServeNext()
    {
        while (waiting.First is { } first && first.Value.Share.Bytes <= free)
        {
            waiting.RemoveFirst();
            free -= first.Value.Share.Bytes;
            first.Value.Served.SetResult(first.Value.Share);
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

    private void Return(long bytes)
    {
        lock (sync)
        {
            free += bytes;
            ServeNext();
        }
    }

    /// <summary>A part of the memory, until it is disposed of.</summary>
    internal sealed class Share(BufferBudget budget, long bytes) : IDisposable
    {
        /// <summary>How much it is.</summary>
        public long Bytes { get; private set; } = bytes;

        /// <summary>What <see cref="TryGrow"/> refused most recently, in bytes; 0 if nothing.</summary>
        public long Refused { get; private set; }

        /// <summary>Takes as much as is missing to a number of bytes, without waiting.</summary>
        /// <returns>Whether it is that large now; no if not so much is free, or others wait for it.</returns>
        public bool TryGrow(long to)
        {
            if (to <= Bytes) return true;
            if (!budget.TryTake(to - Bytes))
            {
                Refused = to;
                return false;
            }

            Bytes = to;
            return true;
        }

        /// <summary>Releases all but a number of bytes; does nothing if the share is smaller.</summary>
        public void Shrink(long to)
        {
            long given = Math.Max(0, Bytes - to);
            Bytes -= given;
            budget.Return(given);
        }

        /// <summary>Gives all back.</summary>
        public void Dispose() => Shrink(0);
    }

    private sealed class Waiter(Share share)
    {
        public Share Share { get; } = share;

        public TaskCompletionSource<Share> Served { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
