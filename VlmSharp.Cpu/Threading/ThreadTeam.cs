using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace VlmSharp.Cpu.Threading;

/// <summary>
/// Work that consists of numbered, independent items. If an item has loops, <see cref="Execute"/> is marked NoInlining: inlined into
/// the team's code, it would use up the JIT's inlining budget, and the arithmetic of its loops would become calls.
/// </summary>
internal interface IJob
{
    /// <summary>Does one item.</summary>
    /// <param name="item">The item's number, from 0.</param>
    /// <param name="worker">
    /// The thread's number, below <see cref="ThreadTeam.Count"/>: it selects scratch memory that no other thread uses.
    /// </param>
    void Execute(int item, int worker);
}

/// <summary>
/// Threads that live as long as their backend and share the items of one job at a time. The caller works too. Items are
/// claimed one by one from a counter, so a core that is slower, or busy elsewhere, takes fewer of them; nobody waits for a
/// thread that has not woken up yet, only for items in progress. Starting a job allocates nothing.
/// </summary>
/// <remarks>
/// The protocol uses two numbers. <c>open</c> is the current job's ticket, 0 between jobs; <c>active</c> counts workers
/// inside a job. A worker first raises <c>active</c>, then looks at <c>open</c>; the caller first clears <c>open</c>, then waits
/// for <c>active</c> to fall to 0. Both sides use full fences, so either the worker sees that the job is over, or the caller
/// sees the worker. Idle workers spin for some microseconds, the usual time between two operators, then sleep on a monitor.
/// </remarks>
internal sealed unsafe class ThreadTeam : IDisposable
{
    private const int IdleSpins = 200;

    private readonly Thread[] workers;
    private readonly object gate = new();
    private void* job;
    private delegate*<void*, int, int, void> invoke;
    private ExceptionDispatchInfo? failure;
    private int items, next, active, open, ticket, sleeping, busy;
    private volatile bool stopped;

    /// <summary>Starts the threads.</summary>
    /// <param name="count">Threads that work on a job, the caller included.</param>
    public ThreadTeam(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        Count = count;
        workers = new Thread[count - 1];
        for (int i = 0; i < workers.Length; i++)
        {
            int worker = i + 1;
            workers[i] = new Thread(() => Work(worker)) { IsBackground = true, Name = $"VlmSharp.Cpu {worker}" };
            workers[i].Start();
        }
    }

    /// <summary>Threads that work on a job, the caller included.</summary>
    public int Count { get; }

    /// <summary>Does all items of a job and returns when they are done.</summary>
    /// <param name="work">The job. It is copied to the stack, where the workers read it.</param>
    /// <param name="count">Number of items.</param>
    /// <exception cref="InvalidOperationException">
    /// Another job is running: the team serves one thread at a time, and jobs do not nest.
    /// </exception>
    public void Run<TJob>(in TJob work, int count) where TJob : struct, IJob
    {
        TJob local = work;
        if (count <= 1 || workers.Length == 0)
        {
            for (int item = 0; item < count; item++) local.Execute(item, 0);
            return;
        }
        ObjectDisposedException.ThrowIf(stopped, this);
        if (Interlocked.Exchange(ref busy, 1) != 0) throw new InvalidOperationException("The thread team is running another job.");
        job = Unsafe.AsPointer(ref local);
        invoke = &Invoke<TJob>;
        items = count;
        next = 0;
        failure = null;
        if (++ticket == 0) ticket = 1;
        Interlocked.Exchange(ref open, ticket);
        if (Volatile.Read(ref sleeping) > 0)
            lock (gate) Monitor.PulseAll(gate);

        Claim(0);

        Interlocked.Exchange(ref open, 0);
        SpinWait spin = default;
        while (Volatile.Read(ref active) > 0) spin.SpinOnce(-1);
        job = null;
        ExceptionDispatchInfo? thrown = failure;
        Volatile.Write(ref busy, 0);
        thrown?.Throw();
    }

    private static void Invoke<TJob>(void* job, int item, int worker) where TJob : struct, IJob =>
        Unsafe.AsRef<TJob>(job).Execute(item, worker);

    private void Claim(int worker)
    {
        try
        {
            for (int item; (item = Interlocked.Increment(ref next) - 1) < items;) invoke(job, item, worker);
        }
#pragma warning disable CA1031 // The caller rethrows whatever a worker threw.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(exception), null);
            Volatile.Write(ref next, items); // the rest need not be done
        }
    }

    private void Work(int worker)
    {
        int seen = 0;
        while (Await(seen))
        {
            Interlocked.Increment(ref active);
            int current = Volatile.Read(ref open);
            if (current != 0 && current != seen)
            {
                seen = current;
                Claim(worker);
            }
            Interlocked.Decrement(ref active);
        }
    }

    // Waits for a job not seen yet; false when the team is dissolved.
    private bool Await(int seen)
    {
        SpinWait spin = default;
        for (int i = 0; i < IdleSpins; i++)
        {
            if (stopped) return false;
            if (HasNews(seen)) return true;
            spin.SpinOnce(-1);
        }
        lock (gate)
        {
            Interlocked.Increment(ref sleeping);
            while (!stopped && !HasNews(seen)) Monitor.Wait(gate);
            Interlocked.Decrement(ref sleeping);
        }
        return !stopped;
    }

    private bool HasNews(int seen)
    {
        int current = Volatile.Read(ref open);
        return current != 0 && current != seen;
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose()
    {
        if (stopped) return;
        stopped = true;
        lock (gate) Monitor.PulseAll(gate);
        foreach (Thread worker in workers) worker.Join();
    }
}
