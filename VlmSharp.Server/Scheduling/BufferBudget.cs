namespace VlmSharp.Server.Scheduling;

/// <summary>
/// Memory for request data, shared by all requests: a request takes its share before its body is read, and waits for it in order of
/// arrival.
/// However many requests arrive, their bodies and pictures take no more than this.
/// </summary>
/// <param name="capacity">Bytes altogether.</param>
internal sealed class BufferBudget(long capacity)
{
    private readonly object sync = new();
    private readonly LinkedList<Waiter> waiting = [];
    private readonly long all = capacity;
    private long free = capacity;

    /// <summary>Bytes that are not taken.</summary>
    public long Free
    {
        get { lock (sync) return free; }
    }

    /// <summary>Waits for a share.</summary>
    /// <param name="bytes">How much, not more than there is altogether.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The share.</returns>
    public async Task<Share> TakeAsync(long bytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, all);
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
