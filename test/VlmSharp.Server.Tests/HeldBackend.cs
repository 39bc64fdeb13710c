using VlmSharp.Compute;

namespace VlmSharp.Server.Tests;

/// <summary>
/// A backend whose steps a test can hold and release, and which fails at a step when a test asks for it.
/// </summary>
internal sealed class HeldBackend(IComputeBackend inner) : DelegatingBackend(inner)
{
    private readonly Lock sync = new();
    private readonly ManualResetEventSlim open = new(initialState: true);
    private int steps, left; // left: the steps before it holds; 0 means that it never does

    /// <summary>The number of steps that have begun.</summary>
    public int Steps => Volatile.Read(ref steps);

    /// <summary>The exception that the next step throws; null for none.</summary>
    public Exception? Fault { get; set; }

    /// <summary>Holds every step that has not begun.</summary>
    public void Hold() => open.Reset();

    /// <summary>Lets this many steps begin and holds the rest.</summary>
    public void HoldAfter(int steps)
    {
        lock (sync) left = steps + 1;
    }

    /// <summary>Releases the held steps, and holds no later ones.</summary>
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
