using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>
/// Answers any number of callers together: their requests share the steps of one session, in the order in which they came. Whoever
/// comes takes part from the next step on, if its KV cache fits the limit beside those that run; else it waits, and those behind
/// it with it, so that nobody is overtaken forever.
/// </summary>
/// <remarks>
/// Greedy answers are those that each request gets alone, and so are seeded ones as long as a step has at most twelve rows; in larger
/// steps, and in those that process a prompt too, products add in another order, and a draw that falls within about 1e-5 of the border
/// between two tokens may fall to the other side.
/// </remarks>
public sealed class GenerationEngine
{
    private const int IdleMilliseconds = 1000; // then the thread ends, until somebody asks again

    private readonly ModelContext context;
    private readonly object sync = new();
    private readonly List<PendingAnswer> waiting = []; // in order of arrival
    private readonly Dictionary<int, PendingAnswer> running = []; // by number in the session; the thread's own
    private Thread? thread;
    private bool isStopped;
    private long maxKvCacheBytes, kvCacheBytes;
    private int runningCount;

    internal GenerationEngine(ModelContext context, long weightBytes)
    {
        this.context = context;
        // Half of the memory beside the weights; activations and everybody else have the rest.
        maxKvCacheBytes = Math.Max(256L << 20, (context.Network.Backend.MemoryBytes - weightBytes) / 2);
    }

    /// <summary>
    /// The most memory that the KV caches of running requests may take, in bytes, each counted with all the tokens that it may come to.
    /// Half of the memory that the weights leave, unless it is set.
    /// </summary>
    public long MaxKvCacheBytes
    {
        get => Volatile.Read(ref maxKvCacheBytes);
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            Volatile.Write(ref maxKvCacheBytes, value);
        }
    }

    /// <summary>What the KV caches of running requests take at the most, in bytes.</summary>
    public long KvCacheBytes => Volatile.Read(ref kvCacheBytes);

    /// <summary>Requests that share the steps now.</summary>
    public int Running => Volatile.Read(ref runningCount);

    /// <summary>Requests that wait for room.</summary>
    public int Waiting
    {
        get { lock (sync) return waiting.Count; }
    }

    /// <summary>Takes a request in.</summary>
    /// <exception cref="RequestException">It does not fit the model or the limit, or an option is out of range.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed of.</exception>
    internal PendingAnswer Submit(PreparedPrompt prompt, GenerationOptions options, SessionTelemetry? telemetry, CancellationToken cancellationToken)
    {
        var request = new PendingAnswer(prompt, options, telemetry, Size(prompt, options));
        lock (sync)
        {
            if (isStopped) throw Stopped();
            if (thread is null) StartThread();
            request.Watch(cancellationToken); // last of what can fail: from here on the thread looks after it
            waiting.Add(request);
            Monitor.Pulse(sync);
        }

        return request;
    }

    /// <summary>Ends everything: who waits for an answer hears that the model is gone. Called once, when it is.</summary>
    internal void Stop()
    {
        Thread? last;
        lock (sync)
        {
            isStopped = true;
            last = thread;
            Monitor.Pulse(sync);
        }

        last?.Join(); // its session gives memory back to the backend, which may be disposed of next
    }

    /// <summary>Whether the caller is called by a step of the engine.</summary>
    internal bool IsCalling => Volatile.Read(ref thread) == Thread.CurrentThread;

    private void StartThread()
    {
        var next = new Thread(Run) { IsBackground = true, Name = "VlmSharp engine" };
        next.UnsafeStart(); // what belongs to this caller alone, such as its current span, is not the others'
        thread = next;
    }

    /// <summary>Everything that a session would refuse is refused here, on the caller's thread.</summary>
    private long Size(PreparedPrompt prompt, GenerationOptions options)
    {
        options.Validate();
        PaliGemmaConfig config = context.Network.Config;
        _ = new StopRule(options, config.EosTokenIds, config.Text.VocabSize, context.Tokenizer);
        int limit = prompt.LimitNewTokens(options.MaxNewTokens, config.Text);
        long bytes = MemoryPlan.KvCacheSize(config.Text, prompt.Ids.Length, limit, options.Beams, context.Network.Backend.KvCacheFormat), most = MaxKvCacheBytes;
        return bytes <= most
            ? bytes
            : throw new RequestException($"The KV cache of {prompt.Ids.Length} tokens and {limit} new ones, {options.Beams} times, takes {bytes} bytes, over the engine's limit of {most}: ask for fewer tokens or beams, or raise MaxKvCacheBytes.");
    }

    private void Run()
    {
        do
        {
            GenerationSession? session = null;
            while (HasWork()) session = Turn(session);
            FailAll(Stopped()); // where it was stopped; else nobody waits
            session?.Dispose();
        }
        while (!End());
    }

    /// <summary>Waits for work; not longer than a while, and not where the engine is stopped.</summary>
    private bool HasWork()
    {
        lock (sync)
        {
            while (!isStopped && running.Count == 0 && waiting.Count == 0)
                if (!Monitor.Wait(sync, IdleMilliseconds) && waiting.Count == 0) return false;
            return !isStopped;
        }
    }

    /// <summary>The thread has given everything back, and ends, unless somebody has come meanwhile.</summary>
    private bool End()
    {
        lock (sync)
        {
            if (!isStopped && waiting.Count > 0) return false;
            thread = null;
            return true;
        }
    }

    /// <summary>One step, with those who leave before it, come for it and end in it.</summary>
    private GenerationSession? Turn(GenerationSession? session)
    {
        try
        {
            session ??= new GenerationSession(context, prepare: null, new GenerationOptions());
            DropGivenUp(session);
            while (Next() is { } request) Begin(session, request);
            if (running.Count == 0) return session;
            foreach (GeneratedToken token in session.StepEach()) running[token.Sequence].Write(token);
            DropEnded(session);
            return session;
        }
#pragma warning disable CA1031 // Whatever the step threw belongs to those who wait for it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            // What was half done cannot go on; whoever waits begins in a new session.
            FailAll(e);
            session?.Dispose();
            return null;
        }
    }

    private void DropGivenUp(GenerationSession session)
    {
        foreach ((int number, PendingAnswer request) in running)
            if (request.IsOver) Leave(session, number, request);
        List<PendingAnswer> gone = [];
        lock (sync)
        {
            for (int i = waiting.Count - 1; i >= 0; i--)
            {
                if (!waiting[i].IsOver) continue;
                gone.Add(waiting[i]);
                waiting.RemoveAt(i);
            }
        }

        foreach (PendingAnswer request in gone)
        {
            request.Close();
            request.Telemetry?.Cancel(0);
        }
    }

    /// <summary>The request that has waited longest, if it fits; else null.</summary>
    private PendingAnswer? Next()
    {
        lock (sync)
        {
            // One alone always may run: the limit may have been lowered since it was taken in.
            if (waiting is not [var next, ..] || (running.Count > 0 && kvCacheBytes + next.KvCacheBytes > MaxKvCacheBytes)) return null;
            waiting.RemoveAt(0);
            return next;
        }
    }

    private void Begin(GenerationSession session, PendingAnswer request)
    {
        try
        {
            running.Add(session.Add(request.Prompt, request.Options, request.Telemetry, 0), request);
            request.Begin();
            Count(request.KvCacheBytes);
        }
#pragma warning disable CA1031 // It belongs to the one who waits for this request.
        catch (Exception e)
#pragma warning restore CA1031
        {
            request.Fail(e);
        }
    }

    private void DropEnded(GenerationSession session)
    {
        foreach ((int number, PendingAnswer request) in running)
        {
            Decoding decoding = session.Find(number);
            if (decoding.Finish == FinishReason.None) continue;
            request.Tell(decoding);
            GenerationResult? result = decoding.Error is null ? decoding.ToResult() : null;
            Leave(session, number, request); // first: whoever hears of the end finds the room free
            if (result is null) request.Fail(decoding.Error!);
            else request.Complete(result);
        }
    }

    private void Leave(GenerationSession session, int number, PendingAnswer request)
    {
        request.Close();
        lock (context.Gate) session.Remove(number);
        running.Remove(number);
        Count(-request.KvCacheBytes);
    }

    private void Count(long bytes)
    {
        Volatile.Write(ref kvCacheBytes, kvCacheBytes + bytes);
        Volatile.Write(ref runningCount, running.Count);
    }

    /// <summary>Whoever shared the steps hears of an error; where the engine is stopped, whoever waits does too.</summary>
    private void FailAll(Exception error)
    {
        List<PendingAnswer> failed = [.. running.Values];
        lock (sync)
        {
            if (isStopped)
            {
                failed.AddRange(waiting);
                waiting.Clear();
            }
        }

        running.Clear();
        Count(-kvCacheBytes);
        foreach (PendingAnswer request in failed) request.Fail(error);
    }

    private static ObjectDisposedException Stopped() => new(nameof(VisionLanguageModel), "The model was disposed of while it generated.");
}
