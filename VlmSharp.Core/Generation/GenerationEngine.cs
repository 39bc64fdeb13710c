using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>
/// Answers any number of callers together: their requests share the steps of one session, in order of arrival. A new request joins at the
/// next step if its KV cache fits within the limit beside the running ones. If not, it waits, and all later requests wait behind it, so
/// that none is overtaken forever.
/// </summary>
/// <remarks>
/// A greedy answer is the same as if its request ran alone. So is a seeded one, as long as a step has at most twelve rows. In larger steps,
/// and in steps that also process a prompt, products are summed in another order, and a draw within about 1e-5 of the border between two
/// tokens may give the other token.
/// </remarks>
public sealed class GenerationEngine
{
    private const int IdleMilliseconds = 1000; // then the thread ends; the next request starts another

    private readonly ModelContext context;
    private readonly object sync = new();
    private readonly List<PendingAnswer> waiting = []; // in order of arrival
    private readonly Dictionary<int, PendingAnswer> running = []; // by number in the session; only the engine's thread uses it
    private Thread? thread;
    private bool isStopped;
    private long maxKvCacheBytes, kvCacheBytes;
    private int runningCount;

    internal GenerationEngine(ModelContext context, long weightBytes)
    {
        this.context = context;
        // Half of the memory beside the weights; activations and other programs use the rest.
        maxKvCacheBytes = Math.Max(256L << 20, (context.Network.Backend.MemoryBytes - weightBytes) / 2);
    }

    /// <summary>
    /// The most memory, in bytes, that the KV caches of running requests may take. Each request counts with all the tokens that it may
    /// reach. Unless it is set, it is half of the memory that the weights leave, in the formats in which the backend holds them, and at
    /// least 256 MiB.
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

    /// <summary>The most bytes that the KV caches of the running requests can take.</summary>
    public long KvCacheBytes => Volatile.Read(ref kvCacheBytes);

    /// <summary>Number of requests that share the steps now.</summary>
    public int Running => Volatile.Read(ref runningCount);

    /// <summary>Number of requests that wait for room.</summary>
    public int Waiting
    {
        get { lock (sync) return waiting.Count; }
    }

    /// <summary>Accepts a request.</summary>
    /// <exception cref="RequestException">It does not fit the model or the limit, or an option is out of range.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed of.</exception>
    internal PendingAnswer Submit(
        PreparedPrompt prompt, GenerationOptions options, SessionTelemetry? telemetry, CancellationToken cancellationToken)
    {
        var request = new PendingAnswer(prompt, options, telemetry, Size(prompt, options));
        lock (sync)
        {
            if (isStopped) throw Stopped();
            if (thread is null) StartThread();
            request.Watch(cancellationToken); // the last call that can fail: from here on the thread is responsible for the request
            waiting.Add(request);
            Monitor.Pulse(sync);
        }

        return request;
    }

    /// <summary>Ends everything: pending requests fail because the model is gone. Called once, when the model is disposed of.</summary>
    internal void Stop()
    {
        Thread? last;
        lock (sync)
        {
            isStopped = true;
            last = thread;
            Monitor.Pulse(sync);
        }

        last?.Join(); // its session returns memory to the backend, which may be disposed of next
    }

    /// <summary>Whether the calling thread is the one that runs the engine's steps.</summary>
    internal bool IsCalling => Volatile.Read(ref thread) == Thread.CurrentThread;

    private void StartThread()
    {
        var next = new Thread(Run) { IsBackground = true, Name = "VlmSharp engine" };
        next.UnsafeStart(); // without this caller's context, such as its current span: other requests do not share it
        thread = next;
    }

    /// <summary>The bytes of a request's KV caches. Whatever a session would refuse is refused here, on the caller's thread.</summary>
    private long Size(PreparedPrompt prompt, GenerationOptions options)
    {
        options.Validate();
        PaliGemmaConfig config = context.Network.Config;
        _ = new StopRule(options, config.EosTokenIds, config.Text.VocabSize, context.Tokenizer);
        int limit = prompt.LimitNewTokens(options.MaxNewTokens, config.Text);
        long bytes = MemoryPlan.KvCacheSize(
            config.Text, prompt.Ids.Length, limit, options.Beams, context.Network.Backend.KvCacheFormat);
        long most = MaxKvCacheBytes;
        return bytes <= most
            ? bytes
            : throw new RequestException(
                $"The KV cache of {prompt.Ids.Length} tokens and {limit} new ones, {options.Beams} times, takes {bytes} bytes, " +
                $"over the engine's limit of {most}: ask for fewer tokens or beams, or raise MaxKvCacheBytes.");
    }

    private void Run()
    {
        do
        {
            GenerationSession? session = null;
            while (HasWork()) session = Turn(session);
            FailAll(Stopped()); // if the engine was stopped; otherwise no request is left
            session?.Dispose();
        }
        while (!End());
    }

    /// <summary>Waits for work, for a limited time. False if none came or the engine is stopped.</summary>
    private bool HasWork()
    {
        lock (sync)
        {
            while (!isStopped && running.Count == 0 && waiting.Count == 0)
                if (!Monitor.Wait(sync, IdleMilliseconds) && waiting.Count == 0) return false;
            return !isStopped;
        }
    }

    /// <summary>Ends the thread, which has released everything, unless a request has arrived in the meantime.</summary>
    private bool End()
    {
        lock (sync)
        {
            if (!isStopped && waiting.Count > 0) return false;
            thread = null;
            return true;
        }
    }

    /// <summary>Runs one step: drops canceled requests before it, adds waiting ones, and drops those that end in it.</summary>
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
#pragma warning disable CA1031 // Whatever the step threw goes to the requests that wait for it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            // A step that failed halfway cannot go on; waiting requests begin in a new session.
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

    /// <summary>The request that has waited longest, if it fits, or null.</summary>
    private PendingAnswer? Next()
    {
        lock (sync)
        {
            // A request alone may always run, because the limit may have been lowered after it was accepted.
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
#pragma warning disable CA1031 // The error goes to the caller that waits for this request.
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
            Leave(session, number, request); // first, so that the room is free when the caller learns of the end
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

    /// <summary>Fails all running requests with an error; if the engine is stopped, the waiting ones too.</summary>
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
