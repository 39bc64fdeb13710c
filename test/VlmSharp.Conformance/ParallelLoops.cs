using System.Diagnostics.Tracing;

namespace VlmSharp.Conformance;

/// <summary>
/// Watches the parallel loops of the code that a test calls, on any thread, by the events of the runtime: counts the loops and the most
/// threads that worked on one loop at a time.
/// </summary>
public sealed class ParallelLoops : EventListener
{
    private const int LoopBegins = 1, Forks = 5, Joins = 6;

    private readonly AsyncLocal<bool> ours = new();
    private readonly Dictionary<int, int> running = []; // the threads of each loop, by its number
    private readonly Action? begun;

    /// <summary>Starts to watch.</summary>
    /// <param name="begun">Called at the beginning of each loop.</param>
    public ParallelLoops(Action? begun = null)
    {
        this.begun = begun;
        ours.Value = true;
    }

    /// <summary>The number of loops so far.</summary>
    public int Count { get; private set; }

    /// <summary>The largest number of threads on one loop.</summary>
    public int MostThreads { get; private set; }

    /// <inheritdoc/>
    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "System.Threading.Tasks.Parallel.EventSource")
            EnableEvents(eventSource, EventLevel.Verbose, EventKeywords.All);
    }

    /// <inheritdoc/>
    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventId is not (LoopBegins or Forks or Joins)) return;
        int loop = (int)eventData.Payload![2]!;
        bool begins = eventData.EventId == LoopBegins && ours.Value;
        lock (running)
        {
            if (begins)
            {
                Count++;
                running[loop] = 0;
            }
            else if (running.TryGetValue(loop, out int threads))
            {
                running[loop] = threads += eventData.EventId == Forks ? 1 : -1;
                MostThreads = Math.Max(MostThreads, threads);
            }
        }

        if (begins) begun?.Invoke();
    }
}
