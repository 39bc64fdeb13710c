using System.Diagnostics.Metrics;
using System.Globalization;
using VlmSharp.Generation;

namespace VlmSharp.Server.Observing;

/// <summary>
/// The server's metrics, besides the model's own (<see cref="Telemetry.VlmSharpTelemetry"/>); docs/server-observability.md lists all of
/// them. Labels have few values: a route is its pattern, and no label holds a client's text.
/// </summary>
internal sealed class ServerMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "VlmSharp.Server";

    private const string RouteKey = "http.route", StatusKey = "http.response.status_code",
        ReasonKey = "vlmsharp.reason", TokenKey = "vlmsharp.token.type";

    private readonly Histogram<double> duration, firstToken, queued;
    private readonly UpDownCounter<long> active;
    private readonly Counter<long> tokens, rejections;

    /// <summary>Creates the instruments, all at 0.</summary>
    /// <param name="gauges">Where gauges are read.</param>
    /// <param name="health">Whether the server is ready.</param>
    /// <param name="log">Counts lines that were lost.</param>
    public ServerMetrics(ServerGauges gauges, HealthState health, RequestLog log)
    {
        Meter = new Meter(MeterName, typeof(ServerMetrics).Assembly.GetName().Version?.ToString(3));
        double[] times = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160];
        duration = Seconds("vlmsharp.server.request.duration", "From a request's coming to the end of its response.", times);
        firstToken = Seconds("vlmsharp.server.request.time_to_first_token",
            "From a request's coming to the first token of its answer, the queue included.",
            times);
        queued = Seconds("vlmsharp.server.request.queue_time", "How long a request waited for a place and for room in the KV caches.",
            [0.001, .. times]);
        active = Meter.CreateUpDownCounter<long>("vlmsharp.server.requests.active", "{request}",
            "Requests that have come and not ended, waiting ones included.");
        tokens = Meter.CreateCounter<long>("vlmsharp.server.tokens", "{token}", "Tokens of prompts, text and image apart, and of answers.");
        rejections = Meter.CreateCounter<long>("vlmsharp.server.rejections", "{request}",
            "Requests that were turned away before a model saw them.");
        AddCallbacks(gauges, health, log);
    }

    /// <summary>The meter; others of this name may belong to other servers of the process.</summary>
    public Meter Meter { get; }

    /// <summary>A request has come.</summary>
    public void Begin() => active.Add(1);

    /// <summary>One that <see cref="Begin"/> was called for has gone.</summary>
    public void Leave() => active.Add(-1);

    /// <summary>Measures a request that has ended.</summary>
    /// <param name="record">What is known of it.</param>
    public void End(RequestRecord record)
    {
        KeyValuePair<string, object?> route = new(RouteKey, record.Route);
        duration.Record(record.Duration.TotalSeconds, route, new(StatusKey, record.Status.ToString(CultureInfo.InvariantCulture)));
        if (record.TimeToFirstToken is { } time) firstToken.Record(time.TotalSeconds, route);
        if (record.Prefill is not null || record.Queued > TimeSpan.Zero) queued.Record(record.Queued.TotalSeconds, route);
        Count("text", record.TextTokens);
        Count("image", record.ImageTokens);
        Count("output", record.CompletionTokens);
        if ((record.Rejection ?? Rejections.OfStatus(record.Status)) is { } reason)
            rejections.Add(1, new KeyValuePair<string, object?>(ReasonKey, reason.Label()));
    }

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();

    /// <summary>Adds the metrics that are read on demand.</summary>
    private void AddCallbacks(ServerGauges gauges, HealthState health, RequestLog log)
    {
        Gauge("vlmsharp.server.queue.depth", "{request}",
            "Requests that wait for a place or for room in the KV caches.", () => gauges.Waiting() + (gauges.Model?.Engine.Waiting ?? 0));
        Gauge("vlmsharp.server.queue.limit", "{request}",
            "How many may wait for a place; more are turned away.", () => gauges.MaxWaiting());
        Gauge("vlmsharp.server.running", "{request}",
            "Requests that share the steps of the model now: the batch size.", () => gauges.Model?.Engine.Running ?? 0);
        Gauge("vlmsharp.server.kv_cache.usage", "By",
            "What the KV caches of running requests take at most.", () => gauges.Model?.Engine.KvCacheBytes ?? 0);
        Gauge("vlmsharp.server.kv_cache.limit", "By",
            "What the KV caches of running requests may take.", () => gauges.Model?.Engine.MaxKvCacheBytes ?? 0);
        Gauge("vlmsharp.server.picture_cache.usage", "By",
            "What the image tokens of pictures seen before take, kept for further questions.",
            () => gauges.Model?.ImageFeatures.Bytes ?? 0);
        Gauge("vlmsharp.server.picture_cache.limit", "By",
            "What the image tokens of pictures seen before may take.", () => gauges.Model?.ImageFeatures.MaxBytes ?? 0);
        Total("vlmsharp.server.picture_cache.hits", "{picture}",
            "Pictures that did not need the encoder.", () => gauges.Model?.ImageFeatures.Hits ?? 0);
        Total("vlmsharp.server.picture_cache.misses", "{picture}",
            "Pictures that the encoder saw.", () => gauges.Model?.ImageFeatures.Misses ?? 0);
        Total("vlmsharp.server.log.lost", "{line}",
            "Lines of the request log that were lost because its reader was too slow or gone.", () => log.Lost);
        Gauge("vlmsharp.server.ready", null,
            "1 while the server takes requests, else 0.", () => health.Now.Phase == HealthPhase.Ready ? 1 : 0);
        Meter.CreateObservableGauge("vlmsharp.server.model.info",
            () => Model(gauges), null, "Always 1; its labels say which model answers, and on what.");
    }

    private void Count(string type, int count)
    {
        if (count > 0) tokens.Add(count, new KeyValuePair<string, object?>(TokenKey, type));
    }

    private Histogram<double> Seconds(string name, string description, double[] boundaries) =>
        Meter.CreateHistogram(name, "s", description, advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries });

    private void Gauge(string name, string? unit, string description, Func<long> read) =>
        Meter.CreateObservableGauge(name, read, unit, description);

    private void Total(string name, string unit, string description, Func<long> read) =>
        Meter.CreateObservableCounter(name, read, unit, description);

    private static IEnumerable<Measurement<long>> Model(ServerGauges gauges) => gauges.Model is not { } model
        ? []
        : [new(1, new("gen_ai.request.model", gauges.ModelName), new("vlmsharp.backend", model.Backend.GetType().Name))];
}
