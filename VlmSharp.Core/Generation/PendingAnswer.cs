using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace VlmSharp.Generation;

/// <summary>An answer on its way, from <see cref="VisionLanguageModel.SubmitAsync"/>: its tokens as they come, and the whole at the end.</summary>
public sealed class PendingAnswer
{
    private readonly TaskCompletionSource<GenerationResult> result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<GeneratedToken> tokens =
        Channel.CreateUnbounded<GeneratedToken>(new UnboundedChannelOptions { SingleReader = true });

    private readonly long start = Stopwatch.GetTimestamp();
    private long begin, firstToken, end;
    private (TimeSpan Vision, int CachedPictures, int LargestStep) steps; // written before the result is set
    private CancellationTokenRegistration registration;

    internal PendingAnswer(PreparedPrompt prompt, GenerationOptions options, SessionTelemetry? telemetry, long kvCacheBytes)
    {
        (Prompt, Options, Telemetry, KvCacheBytes) = (prompt, options, telemetry, kvCacheBytes);
        _ = result.Task.ContinueWith(static task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    /// <summary>The answer. Fails with what went wrong, and is canceled when the request is given up.</summary>
    public Task<GenerationResult> Result => result.Task;

    /// <summary>From the request to its first token; null before that.</summary>
    public TimeSpan? TimeToFirstToken => Volatile.Read(ref firstToken) is > 0 and long first ? Stopwatch.GetElapsedTime(start, first) : null;

    /// <summary>From the request to its end, or until now.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(start, Volatile.Read(ref end) is > 0 and long ended ? ended : Stopwatch.GetTimestamp());

    /// <summary>Where the time went, when <see cref="Result"/> has come; before that, and of an answer that was given up, as far as is known.</summary>
    public AnswerTimings Timings
    {
        get
        {
            long now = Volatile.Read(ref end) is > 0 and long ended ? ended : Stopwatch.GetTimestamp();
            long begun = Volatile.Read(ref begin) is > 0 and long b ? b : now, first = Volatile.Read(ref firstToken) is > 0 and long f ? f : now;
            TimeSpan untilFirst = Stopwatch.GetElapsedTime(begun, Math.Max(begun, first));
            TimeSpan vision = steps.Vision < untilFirst ? steps.Vision : untilFirst;
            return new AnswerTimings(
                Stopwatch.GetElapsedTime(start, begun), vision, untilFirst - vision, Stopwatch.GetElapsedTime(Math.Min(first, now), now), steps.CachedPictures, steps.LargestStep);
        }
    }

    /// <summary>The request in the model's own terms.</summary>
    internal PreparedPrompt Prompt { get; }

    /// <summary>How to generate.</summary>
    internal GenerationOptions Options { get; }

    /// <summary>Hears of it; null where nobody listens.</summary>
    internal SessionTelemetry? Telemetry { get; }

    /// <summary>What its caches will take at the most, in bytes.</summary>
    internal long KvCacheBytes { get; }

    /// <summary>Whether nobody waits for the answer any more.</summary>
    internal bool IsOver => result.Task.IsCompleted;

    /// <summary>
    /// The tokens as they come, for one reader; those of a beam search come all at the end. Whoever stops reading gives the request up.
    /// </summary>
    /// <param name="cancellationToken">Gives the request up too.</param>
    /// <returns>The tokens, of sequence 0.</returns>
    public async IAsyncEnumerable<GeneratedToken> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using CancellationTokenRegistration watch = cancellationToken.UnsafeRegister(static (answer, token) => ((PendingAnswer)answer!).GiveUp(token), this);
        try
        {
            await foreach (GeneratedToken token in tokens.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                cancellationToken.ThrowIfCancellationRequested(); // tokens that came before are not wanted any more
                yield return token;
            }
        }
        finally
        {
            Cancel();
        }
    }

    /// <summary>Gives the request up, unless it has ended: its place in the steps is free with the next one.</summary>
    public void Cancel() => GiveUp(new CancellationToken(canceled: true));

    /// <summary>Gives the request up when a token says so.</summary>
    internal void Watch(CancellationToken cancellationToken) =>
        registration = cancellationToken.UnsafeRegister(static (answer, token) => ((PendingAnswer)answer!).GiveUp(token), this);

    /// <summary>Its first step is the next one.</summary>
    internal void Begin() => Volatile.Write(ref begin, Stopwatch.GetTimestamp());

    /// <summary>What its steps were like; before it is completed.</summary>
    internal void Tell(Decoding decoding) => steps = (decoding.Vision, decoding.CachedPictures, decoding.LargestStep);

    /// <summary>Hands a token over, as of sequence 0: the only one that its caller knows of.</summary>
    internal void Write(GeneratedToken token)
    {
        if (firstToken == 0) Volatile.Write(ref firstToken, Stopwatch.GetTimestamp());
        tokens.Writer.TryWrite(token with { Sequence = 0 });
    }

    /// <summary>Ends it with the answer.</summary>
    internal void Complete(GenerationResult answer)
    {
        Stamp();
        if (result.TrySetResult(answer)) tokens.Writer.TryComplete();
    }

    /// <summary>Ends it with an error, for its listeners too.</summary>
    internal void Fail(Exception error)
    {
        Stamp();
        if (result.TrySetException(error)) tokens.Writer.TryComplete(error);
        Close();
        Telemetry?.End(error);
    }

    /// <summary>Looks at its token no more. Whoever has taken it in calls this at its end, however that comes.</summary>
    internal void Close() => registration.Unregister();

    private void GiveUp(CancellationToken token)
    {
        Stamp();
        if (result.TrySetCanceled(token)) tokens.Writer.TryComplete(new OperationCanceledException(token));
    }

    /// <summary>Stops the clock before the end is seen, so that whoever waited for the answer finds <see cref="Elapsed"/> at rest.</summary>
    private void Stamp() => Interlocked.CompareExchange(ref end, Stopwatch.GetTimestamp(), 0);
}
