using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace VlmSharp.Generation;

/// <summary>
/// A pending answer, from <see cref="VisionLanguageModel.SubmitAsync"/>: its tokens as they come, and the complete answer at the end.
/// </summary>
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
        _ = result.Task.ContinueWith(
            static task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    /// <summary>The answer. Fails with the request's error, and is canceled if the request is canceled.</summary>
    public Task<GenerationResult> Result => result.Task;

    /// <summary>Time from the request to its first token; null before that.</summary>
    public TimeSpan? TimeToFirstToken =>
        Volatile.Read(ref firstToken) is > 0 and long first ? Stopwatch.GetElapsedTime(start, first) : null;

    /// <summary>Time from the request to its end, or until now.</summary>
    public TimeSpan Elapsed =>
        Stopwatch.GetElapsedTime(start, Volatile.Read(ref end) is > 0 and long ended ? ended : Stopwatch.GetTimestamp());

    /// <summary>
    /// Where the time went. Complete once <see cref="Result"/> has completed; before that, and for a canceled request, as far as it is
    /// known.
    /// </summary>
    public AnswerTimings Timings
    {
        get
        {
            long now = Volatile.Read(ref end) is > 0 and long ended ? ended : Stopwatch.GetTimestamp();
            long begun = Volatile.Read(ref begin) is > 0 and long b ? b : now;
            long first = Volatile.Read(ref firstToken) is > 0 and long f ? f : now;
            TimeSpan untilFirst = Stopwatch.GetElapsedTime(begun, Math.Max(begun, first));
            TimeSpan vision = steps.Vision < untilFirst ? steps.Vision : untilFirst;
            return new AnswerTimings(
                Stopwatch.GetElapsedTime(start, begun),
                vision,
                untilFirst - vision,
                Stopwatch.GetElapsedTime(Math.Min(first, now), now),
                steps.CachedPictures,
                steps.LargestStep);
        }
    }

    /// <summary>The request as the model needs it.</summary>
    internal PreparedPrompt Prompt { get; }

    /// <summary>How to generate.</summary>
    internal GenerationOptions Options { get; }

    /// <summary>Its listener; null if nobody listens.</summary>
    internal SessionTelemetry? Telemetry { get; }

    /// <summary>The most bytes that its caches can take.</summary>
    internal long KvCacheBytes { get; }

    /// <summary>Whether nobody waits for the answer any more.</summary>
    internal bool IsOver => result.Task.IsCompleted;

    /// <summary>
    /// The tokens as they come, for one reader. A beam search delivers all of its tokens at the end. A reader that stops reading cancels
    /// the request.
    /// </summary>
    /// <param name="cancellationToken">Cancels the request too.</param>
    /// <returns>The tokens, of sequence 0.</returns>
    public async IAsyncEnumerable<GeneratedToken> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using CancellationTokenRegistration watch =
            cancellationToken.UnsafeRegister(static (answer, token) => ((PendingAnswer)answer!).GiveUp(token), this);
        try
        {
            await foreach (GeneratedToken token in tokens.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                cancellationToken.ThrowIfCancellationRequested(); // drops tokens that came before the cancellation
                yield return token;
            }
        }
        finally
        {
            Cancel();
        }
    }

    /// <summary>Cancels the request, unless it has ended. The next step no longer includes it.</summary>
    public void Cancel() => GiveUp(new CancellationToken(canceled: true));

    /// <summary>Cancels the request when a token is canceled.</summary>
    internal void Watch(CancellationToken cancellationToken) =>
        registration = cancellationToken.UnsafeRegister(static (answer, token) => ((PendingAnswer)answer!).GiveUp(token), this);

    /// <summary>Records that its first step is the next one.</summary>
    internal void Begin() => Volatile.Write(ref begin, Stopwatch.GetTimestamp());

    /// <summary>Records facts about its steps. Called before the request is completed.</summary>
    internal void Tell(Decoding decoding) => steps = (decoding.Vision, decoding.CachedPictures, decoding.LargestStep);

    /// <summary>Delivers a token as one of sequence 0, the only sequence that the caller knows.</summary>
    internal void Write(GeneratedToken token)
    {
        if (firstToken == 0) Volatile.Write(ref firstToken, Stopwatch.GetTimestamp());
        tokens.Writer.TryWrite(token with { Sequence = 0 });
    }

    /// <summary>Completes it with the answer.</summary>
    internal void Complete(GenerationResult answer)
    {
        Stamp();
        if (result.TrySetResult(answer)) tokens.Writer.TryComplete();
    }

    /// <summary>Completes it with an error, also for its telemetry.</summary>
    internal void Fail(Exception error)
    {
        Stamp();
        if (result.TrySetException(error)) tokens.Writer.TryComplete(error);
        Close();
        Telemetry?.End(error);
    }

    /// <summary>Stops watching the cancellation token. Whoever accepted the request calls this when it ends for any reason.</summary>
    internal void Close() => registration.Unregister();

    private void GiveUp(CancellationToken token)
    {
        Stamp();
        if (result.TrySetCanceled(token)) tokens.Writer.TryComplete(new OperationCanceledException(token));
    }

    /// <summary>
    /// Stops the clock before the end can be observed, so that <see cref="Elapsed"/> no longer changes for whoever awaited the answer.
    /// </summary>
    private void Stamp() => Interlocked.CompareExchange(ref end, Stopwatch.GetTimestamp(), 0);
}
