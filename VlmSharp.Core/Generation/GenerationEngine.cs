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
    private readonly Queue<PendingAnswer> waiting = new();
    private readonly Dictionary<int, PendingAnswer> running = []; // by number in the session; the thread's own
    private Thread? thread;
    private bool isStopped;
    private long maxKvCacheBytes, kvCacheBytes;
    private int runningCount;

    internal GenerationEngine(ModelContext context, long weightBytes)
    {
        this.context = context;
        // Half of what the process may use beside the weights; activations and everybody else have the rest.
        maxKvCacheBytes = Math.Max(256L << 20, (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - weightBytes) / 2);
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
        try
        {
            var request = new PendingAnswer(prompt, options, telemetry, Size(prompt, options));
            request.Watch(cancellationToken);
            lock (sync)
            {
                if (isStopped) throw Stopped();
                waiting.Enqueue(request);
                Monitor.Pulse(sync);
                if (thread is null) (thread = new Thread(Run) { IsBackground = true, Name = "VlmSharp engine" }).Start();
            }

            return request;
        }
        catch (Exception e)
        {
            telemetry?.End(e);
            throw;
        }
    }

    /// <summary>Ends everything: who waits for an answer hears that the model is gone. Called once, when it is.</summary>
    internal void Stop()
    {
        Thread? last;
        lock (sync)
        {
            isStopped = true;
            last = thread;
            while (waiting.TryDequeue(out PendingAnswer? request)) Fail(request, Stopped());
            Monitor.Pulse(sync);
        }

        // Its session gives memory back to the backend, which may be disposed of next.
        if (last != Thread.CurrentThread) last?.Join();
    }

    /// <summary>Everything that a session would refuse is refused here, on the caller's thread.</summary>
    private long Size(PreparedPrompt prompt, GenerationOptions options)
    {
        options.Validate();
        PaliGemmaConfig config = context.Network.Config;
        _ = new StopRule(options, config.EosTokenIds, config.Text.VocabSize, context.Tokenizer);
        int limit = prompt.LimitNewTokens(options.MaxNewTokens, config.Text);
        long bytes = MemoryPlan.KvCacheSize(config.Text, prompt.Ids.Length, limit, options.Beams), most = MaxKvCacheBytes;
        return bytes <= most
            ? bytes
            : throw new RequestException($"The KV cache of {prompt.Ids.Length} tokens and {limit} new ones, {options.Beams} times, takes {bytes} bytes, over the engine's limit of {most}: ask for fewer tokens or beams, or raise MaxKvCacheBytes.");
    }

    private void Run()
    {
        GenerationSession? session = null;
        try
        {
            while (Admit() is { } admitted)
            {
                session ??= new GenerationSession(context, prepare: null, new GenerationOptions());
                foreach (PendingAnswer request in admitted) running.Add(session.Add(request.Prompt, request.Options, request.Telemetry, 0), request);
                DropGivenUp(session);
                if (running.Count == 0) continue;
                try
                {
                    foreach (GeneratedToken token in session.Step()) Hand(session, token);
                }
#pragma warning disable CA1031 // Whatever a step threw belongs to those who wait for it.
                catch (Exception e)
#pragma warning restore CA1031
                {
                    // What was half done cannot go on; whoever waits begins in a new session.
                    foreach (PendingAnswer request in running.Values) Fail(request, e);
                    Forget();
                    session.Dispose();
                    session = null;
                }
            }
        }
        finally
        {
            session?.Dispose();
        }
    }

    /// <summary>Who begins with the next step; waits while there is nothing to do.</summary>
    /// <returns>The requests that fit, often none; null when the thread has nothing more to do.</returns>
    private List<PendingAnswer>? Admit()
    {
        lock (sync)
        {
            while (!isStopped && running.Count == 0 && waiting.Count == 0)
            {
                if (Monitor.Wait(sync, IdleMilliseconds) || waiting.Count > 0) continue;
                thread = null;
                return null;
            }

            if (isStopped)
            {
                foreach (PendingAnswer request in running.Values) Fail(request, Stopped());
                Forget();
                thread = null;
                return null;
            }

            var admitted = new List<PendingAnswer>();
            while (waiting.TryPeek(out PendingAnswer? next) && (next.IsOver || Fits(next, admitted.Count)))
            {
                waiting.Dequeue();
                if (next.IsOver)
                {
                    next.Telemetry?.Cancel(0);
                    continue;
                }

                kvCacheBytes += next.KvCacheBytes;
                admitted.Add(next);
            }

            runningCount = running.Count + admitted.Count;
            return admitted;
        }
    }

    // One alone always may run: the limit may have been lowered since it was taken in.
    private bool Fits(PendingAnswer request, int admitted) =>
        running.Count + admitted == 0 || kvCacheBytes + request.KvCacheBytes <= MaxKvCacheBytes;

    private void DropGivenUp(GenerationSession session)
    {
        foreach ((int number, PendingAnswer request) in running)
            if (request.IsOver) Leave(session, number, request);
    }

    private void Hand(GenerationSession session, GeneratedToken token)
    {
        PendingAnswer request = running[token.Sequence];
        request.Write(token);
        if (token.Finish == FinishReason.None) return;
        request.Complete(session.Result(token.Sequence));
        Leave(session, token.Sequence, request);
    }

    private void Leave(GenerationSession session, int number, PendingAnswer request)
    {
        lock (context.Gate) session.Remove(number);
        running.Remove(number);
        Volatile.Write(ref kvCacheBytes, kvCacheBytes - request.KvCacheBytes);
        Volatile.Write(ref runningCount, running.Count);
    }

    private void Forget()
    {
        running.Clear();
        (kvCacheBytes, runningCount) = (0, 0);
    }

    private static void Fail(PendingAnswer request, Exception error)
    {
        request.Fail(error);
        request.Telemetry?.End(error);
    }

    private static ObjectDisposedException Stopped() => new(nameof(VisionLanguageModel), "The model was disposed of while it generated.");
}
