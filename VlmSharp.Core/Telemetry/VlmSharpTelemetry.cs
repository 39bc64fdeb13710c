using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace VlmSharp.Telemetry;

/// <summary>
/// The telemetry of VlmSharp for OpenTelemetry: spans of loading and generating, and metrics, under the names of the semantic conventions
/// for generative AI. Nothing is measured or allocated unless somebody listens. Prompts and answers are never recorded.
/// </summary>
/// <remarks>
/// Spans: <c>load</c> and <c>generate_content</c>, each with the model's folder name. Children of the latter are <c>vision</c> and
/// <c>prefill</c> for each group of prompts, and one <c>decode</c>.
/// <code>
/// builder.Services.AddOpenTelemetry()
///     .WithTracing(tracing => tracing.AddSource(VlmSharpTelemetry.Name))
///     .WithMetrics(metrics => metrics.AddMeter(VlmSharpTelemetry.Name));
/// </code>
/// </remarks>
public static class VlmSharpTelemetry
{
    /// <summary>The name of the <see cref="ActivitySource"/> and of the <see cref="Meter"/>.</summary>
    public const string Name = "VlmSharp";

    internal const string ModelKey = "gen_ai.request.model", ProviderKey = "gen_ai.provider.name", OperationKey = "gen_ai.operation.name",
        ErrorKey = "error.type", StageKey = "vlmsharp.stage", Provider = "vlmsharp", Operation = "generate_content";

    private static readonly string? Version = typeof(VlmSharpTelemetry).Assembly.GetName().Version?.ToString(3);

    private static readonly Meter Meter = new(Name, Version);

    internal static ActivitySource Source { get; } = new(Name, Version);

    /// <summary>Tokens of a session, counted separately for prompts and answers.</summary>
    internal static Histogram<long> TokenUsage { get; } = Meter.CreateHistogram(
        "gen_ai.client.token.usage",
        "{token}",
        "Input and output tokens of a request.",
        advice: new InstrumentAdvice<long> { HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536] });

    /// <summary>Time from the request to its last token.</summary>
    internal static Histogram<double> RequestDuration { get; } = Seconds(
        "gen_ai.server.request.duration",
        "From the request to its last token.",
        [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]);

    /// <summary>Time from the request to the end of its prefill.</summary>
    internal static Histogram<double> TimeToFirstToken { get; } = Seconds(
        "gen_ai.server.time_to_first_token",
        "From the request to a sequence's first token.",
        [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]);

    /// <summary>Time per token of a sequence, after its first token.</summary>
    internal static Histogram<double> TimePerOutputToken { get; } = Seconds(
        "gen_ai.server.time_per_output_token",
        "Of a sequence, for each token after the first.",
        [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5]);

    /// <summary>Tokens per second of all sequences of a session together.</summary>
    internal static Histogram<double> DecodeRate { get; } = Meter.CreateHistogram<double>(
        "vlmsharp.decode.rate",
        "{token}/s",
        "Tokens a second of all sequences of a request together, after their first.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] });

    /// <summary>
    /// Time of a step, which any number of sequences may share. Its sum over a minute, divided by the minute, is the backend's utilization.
    /// </summary>
    internal static Histogram<double> StepDuration { get; } = Seconds(
        "vlmsharp.step.duration",
        "A step of the model by stage: vision, prefill (with whoever decodes beside it) or decode.",
        [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]);

    /// <summary>The batch size.</summary>
    internal static Histogram<int> StepSequences { get; } = Meter.CreateHistogram(
        "vlmsharp.step.sequences",
        "{sequence}",
        "Sequences that share a step of the model.",
        advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256] });

    /// <summary>Whether anybody listens to the measurements.</summary>
    internal static bool IsEnabled =>
        Source.HasListeners() || TokenUsage.Enabled || RequestDuration.Enabled || TimeToFirstToken.Enabled
        || TimePerOutputToken.Enabled || DecodeRate.Enabled;

    /// <summary>Starts a span that may outlive the calling method, so it does not become the current span.</summary>
    internal static Activity? StartDetached(string name, ActivityContext parent = default)
    {
        Activity? current = Activity.Current;
        Activity? span = Source.StartActivity(name, ActivityKind.Internal, parent); // without a parent it is a child of the current span
        if (span is not null) Activity.Current = current;
        return span;
    }

    /// <summary>Ends a span that is not the current one.</summary>
    internal static void StopDetached(Activity? span)
    {
        if (span is null) return;
        Activity? current = Activity.Current;
        span.Stop();
        Activity.Current = current;
    }

    /// <summary>Marks a span as failed.</summary>
    internal static void Fail(Activity? span, Exception error) =>
        span?.SetStatus(ActivityStatusCode.Error, error.Message).SetTag(ErrorKey, error.GetType().FullName);

    /// <summary>Starts a span around the opening of a model, to be disposed of when the model is open.</summary>
    internal static Activity? StartLoad(string model) =>
        Source.StartActivity($"load {model}")?.SetTag(ModelKey, model).SetTag(ProviderKey, Provider);

    private static Histogram<double> Seconds(string name, string description, double[] boundaries) =>
        Meter.CreateHistogram(name, "s", description, advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries });
}
