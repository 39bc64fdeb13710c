using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace VlmSharp.Generation;

/// <summary>
/// Generates for any number of requests, one step at a time. They share the steps without padding, whatever their lengths. Requests can
/// join at any step, and a request that ends leaves. To cancel all, take no further step.
/// </summary>
/// <remarks>
/// A step is the prefill of the next few prompts (pictures and all their text, limited to <see cref="MaxStepRows"/> rows to bound memory),
/// or one token for every sequence that goes on, or both: sequences that had begun before a prompt arrived take their next token in the
/// step that processes it. Prompts that arrived together are all processed before any of them goes on. The weights are read once per step
/// for all sequences. A decode step without history rules, constraints and beams allocates nothing and leaves the scores on the backend.
/// </remarks>
public sealed class GenerationSession : IDisposable
{
    /// <summary>The most prompt rows in a step, unless a single prompt is longer.</summary>
    internal const int MaxStepRows = 1024;

    private readonly ModelContext context;
    private readonly Func<GenerationRequest, PreparedPrompt>? prepare;
    private readonly GenerationOptions options;
    private readonly StepRunner runner;
    private readonly List<Decoding?> sequences = [];
    private readonly Stack<int> free = []; // places of requests that were removed
    private readonly List<Decoding> waiting = [], active = [], prompts = [], riders = [], ended = [];
    private readonly List<GeneratedToken> produced = [];
    private readonly Queue<Exception> failures = []; // not thrown yet
    private StopRule? lastRule;
    private GenerationOptions? lastOptions;
    private TimeSpan vision, prefill, decode;
    private long steps;
    private int prefilledTokens, decodedTokens;
    private bool wasTraced; // whether the last step had a listener

    /// <summary>Creates a session without requests.</summary>
    /// <param name="context">What the sessions of one model share; not disposed of.</param>
    /// <param name="prepare">Turns a request into ids and pixels; null if all requests come prepared.</param>
    /// <param name="options">How to generate for a request without options of its own.</param>
    internal GenerationSession(ModelContext context, Func<GenerationRequest, PreparedPrompt>? prepare, GenerationOptions options)
    {
        options.Validate();
        (this.context, this.prepare, this.options) = (context, prepare, options);
        runner = new StepRunner(context);
    }

    /// <summary>Whether every sequence has ended, and <see cref="Step"/> has thrown the errors of those that failed.</summary>
    public bool IsFinished => failures.Count == 0 && waiting.Count == 0 && active.Count == 0 && !runner.HasQueued;

    /// <summary>Number of requests that were added.</summary>
    public int Count => sequences.Count;

    /// <summary>How the time was spent so far.</summary>
    public GenerationTimings Timings => new(vision, prefill, decode, prefilledTokens, decodedTokens);

    /// <summary>Adds a request, which takes part from the next step on.</summary>
    /// <param name="request">Its pictures become pixels, and its prompt ids, before this returns.</param>
    /// <param name="options">How to generate for it, or null for the session's options.</param>
    /// <returns>Its number in <see cref="GeneratedToken.Sequence"/> and <see cref="Results"/>.</returns>
    /// <exception cref="RequestException">It does not fit the model, or an option is out of range.</exception>
    public int Add(GenerationRequest request, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        PreparedPrompt prompt = prepare!(request);
        lock (context.Gate) return Add(prompt, options ?? this.options, null, 0);
    }

    /// <summary>Adds a prepared request. Not allowed during a step.</summary>
    internal int Add(PreparedPrompt prompt, GenerationOptions options, SessionTelemetry? telemetry, int telemetryIndex)
    {
        if (options != lastOptions)
        {
            options.Validate();
            lastRule = new StopRule(options, context.Network.Config.EosTokenIds, context.Network.Config.Text.VocabSize, context.Tokenizer);
            lastOptions = options;
        }

        int index = free.TryPop(out int place) ? place : sequences.Count;
        Decoding added = options.Beams > 1
            ? new BeamSearch(index, prompt, context.Network, options, lastRule!)
            {
                Telemetry = telemetry,
                TelemetryIndex = telemetryIndex,
                Arrival = steps,
            }
            : new Sequence(index, prompt, context.Network, options, lastRule!)
            {
                Telemetry = telemetry,
                TelemetryIndex = telemetryIndex,
                Arrival = steps,
            };
        if (index == sequences.Count) sequences.Add(added);
        else sequences[index] = added;
        waiting.Add(added);
        produced.EnsureCapacity(sequences.Count);
        return index;
    }

    /// <summary>
    /// Produces the next token of some or all sequences. A beam search produces nothing until it ends, and then all tokens of its best
    /// beam.
    /// </summary>
    /// <returns>
    /// The new tokens, in the order of the step: prompts first, then the sequences that go on. Valid until the next step. Empty if all have
    /// ended.
    /// </returns>
    /// <remarks>
    /// An exception from a request's constraint or listener ends only this request. The others lose nothing: the tokens of the step are
    /// returned first, and the next call throws the exception instead of taking a step. If several requests fail, each error is thrown by a
    /// call of its own.
    /// </remarks>
    /// <exception cref="ObjectDisposedException">The model was disposed of.</exception>
    /// <exception cref="ModelFormatException">
    /// A file of the model or of an adapter was written to before an answer was complete.
    /// </exception>
    public ReadOnlySpan<GeneratedToken> Step()
    {
        if (failures.TryDequeue(out Exception? earlier)) ExceptionDispatchInfo.Throw(earlier);
        ReadOnlySpan<GeneratedToken> tokens = StepEach();
        foreach (Decoding failed in ended)
        {
            if (failed.Error is not { } error) continue;
            lock (context.Gate) failed.Telemetry?.End(error);
            if (!failures.Contains(error)) failures.Enqueue(error);
        }

        if (tokens.IsEmpty && failures.TryDequeue(out Exception? own)) ExceptionDispatchInfo.Throw(own);
        return tokens;
    }

    /// <summary>Like <see cref="Step"/>, but the error of a request is not thrown and stays in its <see cref="Decoding.Error"/>.</summary>
    internal ReadOnlySpan<GeneratedToken> StepEach()
    {
        produced.Clear();
        ended.Clear();
        if (IsFinished) return [];
        lock (context.Gate)
        {
            try
            {
                context.ThrowIfDisposed();
                long start = Stopwatch.GetTimestamp();
                if (!runner.HasQueued) QueueNext();
                while (runner.CanRunAhead && QueueNext()) { }
                TakenStep taken = runner.Take(produced);
                foreach (Decoding sequence in active)
                    if (sequence.Finish != FinishReason.None) ended.Add(sequence);
                if (ended.Count > 0)
                {
                    active.RemoveAll(static sequence => sequence.Finish != FinishReason.None);
                    context.RequireUnchanged?.Invoke(); // an answer of overwritten weights must not count
                }

                Measure(taken, Stopwatch.GetElapsedTime(start));
            }
            catch (Exception e)
            {
                foreach (Decoding? sequence in sequences) sequence?.Telemetry?.End(e);
                throw;
            }
        }

        return CollectionsMarshal.AsSpan(produced);
    }

    /// <summary>What the sequences have produced so far.</summary>
    /// <returns>
    /// One result for each request, in their order. The <see cref="GenerationResult.Finish"/> of an unfinished one is
    /// <see cref="FinishReason.None"/>.
    /// </returns>
    public IReadOnlyList<GenerationResult> Results() => [.. sequences.OfType<Decoding>().Select(sequence => sequence.ToResult())];

    /// <summary>What one sequence has produced so far.</summary>
    /// <param name="sequence">Its number.</param>
    /// <returns>The result.</returns>
    public GenerationResult Result(int sequence) => Find(sequence).ToResult();

    /// <summary>The ids of a request's prompt, image placeholders included.</summary>
    /// <param name="sequence">Its number.</param>
    /// <returns>The ids.</returns>
    public IReadOnlyList<int> PromptIds(int sequence) => Find(sequence).Prompt.Ids;

    /// <summary>Cancels a request and frees its memory. The tokens that it has produced stay.</summary>
    /// <param name="sequence">Its number.</param>
    public void Cancel(int sequence)
    {
        lock (context.Gate) Leave(Find(sequence));
    }

    /// <summary>Removes a request, so that its number can be used again. Not allowed during a step.</summary>
    internal void Remove(int sequence)
    {
        Leave(Find(sequence));
        sequences[sequence] = null;
        free.Push(sequence);
    }

    /// <summary>Finds a request by its number.</summary>
    internal Decoding Find(int sequence) => (uint)sequence < (uint)sequences.Count && sequences[sequence] is { } found
        ? found
        : throw new ArgumentOutOfRangeException(
            nameof(sequence), sequence, $"The session has no request of this number; it has {sequences.Count}.");

    private void Leave(Decoding sequence)
    {
        sequence.Leave();
        waiting.Remove(sequence);
        active.Remove(sequence);
    }

    private bool QueueNext()
    {
        prompts.Clear();
        riders.Clear();
        Decoding? traced = active.Find(static sequence => sequence.GoesOn && sequence.Prompt.Trace is not null);
        if (traced is null || wasTraced) TakeUntraced();
        if (prompts.Count == 0 && riders.Count == 0 && traced is not null) TakeTraced(traced);
        if (prompts.Count == 0 && riders.Count == 0) return false;
        waiting.RemoveRange(0, prompts.Count);
        steps++;
        wasTraced = (prompts.Count > 0 ? prompts[0] : riders[0]).Prompt.Trace is not null;
        foreach (Decoding prompt in prompts)
        {
            prompt.ActiveSince = steps;
            active.Add(prompt);
        }

        foreach (Decoding rider in riders) rider.Telemetry?.Decode();
        runner.Queue(CollectionsMarshal.AsSpan(prompts), CollectionsMarshal.AsSpan(riders));
        return true;
    }

    /// <summary>Takes the prompts that have waited longest, as many as fit in a step. A traced prompt has a step to itself.</summary>
    private void TakePrompts()
    {
        int rows = 0;
        foreach (Decoding prompt in waiting)
        {
            rows += prompt.Prompt.Ids.Length;
            if (prompts.Count > 0 && (rows > MaxStepRows || prompt.Prompt.Trace is not null || prompts[0].Prompt.Trace is not null)) return;
            prompts.Add(prompt);
        }
    }

    /// <summary>
    /// Takes prompts and the sequences that go on: all of these, or beside prompts only those that had begun before the first prompt
    /// arrived.
    /// </summary>
    private void TakeUntraced()
    {
        TakePrompts();
        if (prompts is [{ Prompt.Trace: not null }, ..]) return;
        foreach (Decoding sequence in active)
        {
            if (sequence.Prompt.Trace is null && sequence.GoesOn && (prompts.Count == 0 || sequence.ActiveSince <= prompts[0].Arrival))
                riders.Add(sequence);
        }
    }

    /// <summary>Takes a traced sequence, which has its steps to itself, in turn with the others.</summary>
    private void TakeTraced(Decoding traced)
    {
        riders.Add(traced);
        active.Remove(traced);
        active.Add(traced);
    }

    /// <summary>Adds a time to the step whose tokens were taken, which may differ from the step that was queued during that time.</summary>
    private void Measure(TakenStep taken, TimeSpan time)
    {
        SessionTelemetry.Record(context.Name, taken, time);
        if (taken.PromptTokens > 0)
        {
            vision += taken.Vision;
            prefill += time - taken.Vision;
            prefilledTokens += taken.PromptTokens;
            return;
        }

        decode += time;
        decodedTokens += taken.Decoded;
    }

    /// <summary>Frees the caches.</summary>
    public void Dispose()
    {
        lock (context.Gate) // not during another thread's step
        {
            foreach (Decoding? sequence in sequences) sequence?.Leave();
            waiting.Clear();
            active.Clear();
            failures.Clear();
            runner.Dispose();
        }
    }
}
