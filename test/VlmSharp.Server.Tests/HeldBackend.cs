using VlmSharp.Compute;

namespace VlmSharp.Server.Tests;

/// <summary>A backend whose steps can be held: what runs then runs on until a test lets it go. And one that fails where a test wants it.</summary>
internal sealed class HeldBackend(IComputeBackend inner) : DelegatingBackend(inner)
{
    private readonly Lock sync = new();
    private readonly ManualResetEventSlim open = new(initialState: true);
    private int steps, left; // left: steps until it holds; 0 for never

    /// <summary>Steps that began.</summary>
    public int Steps => Volatile.Read(ref steps);

    /// <summary>What the next step ends with; null for none.</summary>
    public Exception? Fault { get; set; }

    /// <summary>No step begins from here on.</summary>
    public void Hold() => open.Reset();

    /// <summary>So many steps begin, and no more.</summary>
    public void HoldAfter(int steps)
    {
        lock (sync) left = steps + 1;
    }

    /// <summary>Steps go on, also those that would have been held later.</summary>
    public void LetGo()
    {
        lock (sync)
        {
            left = 0;
            open.Set();
        }
    }

    public override StepTable Prepare(SequenceBatch batch)
    {
        lock (sync)
        {
            if (left > 0 && --left == 0) open.Reset();
        }

        Interlocked.Increment(ref steps);
        open.Wait();
        if (Fault is { } fault)
        {
            Fault = null;
            throw fault;
        }

        return base.Prepare(batch);
    }
}
