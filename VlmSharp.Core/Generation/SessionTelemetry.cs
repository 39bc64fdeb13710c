using System.Diagnostics;
using VlmSharp.Telemetry;

namespace VlmSharp.Generation;

/// <summary>
/// The telemetry of a generation session: a span around it with child spans <c>vision</c>, <c>prefill</c> and <c>decode</c>, and its
/// metrics. Null if nobody listens, so that a step costs nothing. With a listener, a decode step still allocates nothing unless a sequence
/// ends in it. Called under the session's lock.
/// </summary>
internal sealed class SessionTelemetry
{
    private const string Canceled = "canceled";

    private readonly string model;
    private readonly long start = Stopwatch.GetTimestamp();
    private readonly Activity? span;
    private readonly long[] firstTokens; // timestamps
    private readonly int[] counts;
    private readonly string?[] finished;
    private Activity? decode;
    private long decodeStart;
    private int promptTokens, decodedTokens;
    private bool ended;

    private SessionTelemetry(string model, IReadOnlyList<GenerationRequest> requests, GenerationOptions options)
    {
        this.model = model;
        (firstTokens, counts, finished) = (new long[requests.Count], new int[requests.Count], new string?[requests.Count]);
        span = VlmSharpTelemetry.StartDetached($"{VlmSharpTelemetry.Operation} {model}");
        if (span is { IsAllDataRequested: true }) Describe(span, requests, options);
    }

    /// <summary>Starts when the request arrives; null if nobody listens.</summary>
    public static SessionTelemetry? Begin(string model, IReadOnlyList<GenerationRequest> requests, GenerationOptions options) =>
        VlmSharpTelemetry.IsEnabled ? new SessionTelemetry(model, requests, options) : null;

    /// <summary>A span around the encoder, disposed of when the pictures are encoded.</summary>
    public Activity? Vision(int pictures) => Child("vision")?.SetTag("vlmsharp.pictures", pictures);

    /// <summary>A span around the prompts' way through the decoder, disposed of when it ends.</summary>
    public Activity? Prefill(int tokens)
    {
        promptTokens += tokens;
        return Child("prefill")?.SetTag("gen_ai.usage.input_tokens", tokens);
    }

    /// <summary>Starts the decode span at the first decode step.</summary>
    public void Decode()
    {
        if (decodeStart != 0) return;
        decodeStart = Stopwatch.GetTimestamp();
        if (span is not null) decode = VlmSharpTelemetry.StartDetached("decode", span.Context);
    }

    /// <summary>Records that a request's prompt has been processed.</summary>
    /// <param name="request">Its number in the session, from 0.</param>
    public void Prefilled(int request)
    {
        firstTokens[request] = Stopwatch.GetTimestamp();
        VlmSharpTelemetry.TimeToFirstToken.Record(Stopwatch.GetElapsedTime(start, firstTokens[request]).TotalSeconds, Tags());
    }

    /// <summary>Records a new token of a request. After the last token of the last request, everything ends.</summary>
    /// <param name="request">Its number in the session, from 0.</param>
    /// <param name="finish">Why the sequence ended, if this is its last token.</param>
    public void Token(int request, FinishReason finish)
    {
        int count = ++counts[request];
        if (count > 1) decodedTokens++;
        if (finish == FinishReason.None) return;
        finished[request] = finish == FinishReason.Stop ? "stop" : "length";
        double seconds = Stopwatch.GetElapsedTime(firstTokens[request]).TotalSeconds;
        if (count > 1) VlmSharpTelemetry.TimePerOutputToken.Record(seconds / (count - 1), Tags());
        if (Array.TrueForAll(finished, static reason => reason is not null))
            End(Array.Exists(finished, static reason => reason == Canceled) ? Canceled : null);
    }

    /// <summary>Records that a step failed.</summary>
    /// <param name="error">What the step threw; its type becomes the span's error type.</param>
    public void End(Exception error)
    {
        if (ended) return; // the end was reported already
        VlmSharpTelemetry.Fail(span, error);
        End(error.GetType().FullName);
    }

    /// <summary>Records that a request was canceled. When all of them have ended or are canceled, everything ends.</summary>
    /// <param name="request">Its number in the session, from 0.</param>
    public void Cancel(int request)
    {
        finished[request] = Canceled;
        if (Array.TrueForAll(finished, static reason => reason is not null)) End(Canceled);
    }

    /// <summary>Records the time of a step, regardless of its requests. Allocates nothing.</summary>
    /// <param name="model">The model's name.</param>
    /// <param name="step">What it did.</param>
    /// <param name="time">Its time, including the wait for its tokens.</param>
    public static void Record(string model, TakenStep step, TimeSpan time)
    {
        var modelTag = new KeyValuePair<string, object?>(VlmSharpTelemetry.ModelKey, model);
        if (VlmSharpTelemetry.StepSequences.Enabled) VlmSharpTelemetry.StepSequences.Record(step.Sequences, modelTag);
        if (!VlmSharpTelemetry.StepDuration.Enabled) return;
        if (step.Vision > TimeSpan.Zero) Record("vision", step.Vision);
        Record(step.PromptTokens > 0 ? "prefill" : "decode", time - step.Vision);

        void Record(string stage, TimeSpan time) => VlmSharpTelemetry.StepDuration.Record(
            time.TotalSeconds, modelTag, new KeyValuePair<string, object?>(VlmSharpTelemetry.StageKey, stage));
    }

    private void End(string? error)
    {
        if (ended) return;
        ended = true;
        Record(error);
        int output = counts.Sum();
        decode?.SetTag("gen_ai.usage.output_tokens", decodedTokens);
        VlmSharpTelemetry.StopDetached(decode);
        if (span is { IsAllDataRequested: true })
        {
            if (error is not null) span.SetTag(VlmSharpTelemetry.ErrorKey, error);
            span.SetTag("gen_ai.usage.input_tokens", promptTokens).SetTag("gen_ai.usage.output_tokens", output);
            span.SetTag("gen_ai.response.finish_reasons", finished.Where(reason => reason != Canceled).OfType<string>().ToArray());
        }

        VlmSharpTelemetry.StopDetached(span);
    }

    private void Record(string? error)
    {
        TagList tags = Tags();
        if (decodedTokens > 0)
        {
            double seconds = Math.Max(1e-9, Stopwatch.GetElapsedTime(decodeStart).TotalSeconds);
            VlmSharpTelemetry.DecodeRate.Record(decodedTokens / seconds, tags);
        }

        RecordTokens("input", promptTokens);
        RecordTokens("output", counts.Sum());
        if (error is not null) tags.Add(VlmSharpTelemetry.ErrorKey, error);
        VlmSharpTelemetry.RequestDuration.Record(Stopwatch.GetElapsedTime(start).TotalSeconds, tags);
    }

    private void RecordTokens(string type, int count)
    {
        TagList tags = Tags();
        tags.Add("gen_ai.token.type", type);
        if (count > 0) VlmSharpTelemetry.TokenUsage.Record(count, tags);
    }

    private TagList Tags() => new()
    {
        { VlmSharpTelemetry.OperationKey, VlmSharpTelemetry.Operation },
        { VlmSharpTelemetry.ProviderKey, VlmSharpTelemetry.Provider },
        { VlmSharpTelemetry.ModelKey, model },
    };

    private Activity? Child(string name) =>
        span is null ? null : VlmSharpTelemetry.Source.StartActivity(name, ActivityKind.Internal, span.Context);

    private void Describe(Activity span, IReadOnlyList<GenerationRequest> requests, GenerationOptions options)
    {
        foreach (KeyValuePair<string, object?> tag in Tags()) span.SetTag(tag.Key, tag.Value);
        span.SetTag("gen_ai.output.type", "text").SetTag("gen_ai.request.max_tokens", options.MaxNewTokens);
        span.SetTag("vlmsharp.requests", requests.Count).SetTag("vlmsharp.beams", options.Beams);
        if (options.Temperature is { } temperature) span.SetTag("gen_ai.request.temperature", (double)temperature);
        if (options.TopK is { } topK) span.SetTag("gen_ai.request.top_k", (double)topK);
        if (options.TopP is { } topP) span.SetTag("gen_ai.request.top_p", (double)topP);
        if (options.Seed is { } seed) span.SetTag("gen_ai.request.seed", seed);
        if (options.StopStrings is { Count: > 0 } stops) span.SetTag("gen_ai.request.stop_sequences", stops.ToArray());
    }
}
