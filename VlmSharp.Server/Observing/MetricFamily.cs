using System.Diagnostics.Metrics;
using System.Text;

namespace VlmSharp.Server.Observing;

/// <summary>
/// The measurements of an instrument so far: one series for each set of labels. A measurement of a known series allocates nothing, because
/// decode steps are measured too.
/// </summary>
internal sealed class MetricFamily
{
    private const int MaxSeries = 2000; // what comes beyond shares one series, so that no label can fill the memory

    // OpenTelemetry's
    private static readonly double[] DefaultBounds = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000];

    private readonly Lock gate = new();
    private readonly Dictionary<int, Series> byHash = [];
    private readonly List<Series> all = [];
    private readonly string type;
    private readonly string? help;
    private readonly double[] bounds = [];
    private readonly bool adds; // or a measurement is the new value
    private Series? overflow;

    /// <summary>Begins with no series.</summary>
    public MetricFamily(Instrument instrument)
    {
        Type kind = instrument.GetType() is { IsGenericType: true } generic ? generic.GetGenericTypeDefinition() : instrument.GetType();
        bool isCounter = kind == typeof(Counter<>) || kind == typeof(ObservableCounter<>), isHistogram = kind == typeof(Histogram<>);
        (adds, help, IsObservable) = (
            kind == typeof(Counter<>) || kind == typeof(UpDownCounter<>), instrument.Description, instrument.IsObservable);
        type = isHistogram ? "histogram" : isCounter ? "counter" : "gauge";
        if (isHistogram) bounds = Bounds(instrument) ?? DefaultBounds;
        Name = PrometheusText.Name(instrument, isCounter);
    }

    /// <summary>What Prometheus calls it.</summary>
    public string Name { get; }

    /// <summary>Whether its values are polled, all of them each time.</summary>
    public bool IsObservable { get; }

    /// <summary>Takes a measurement.</summary>
    public void Measure(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (gate)
        {
            Series series = Find(tags);
            if (type == "histogram")
            {
                int bucket = 0;
                while (bucket < bounds.Length && value > bounds[bucket]) bucket++; // borders belong to the bucket below
                series.Buckets[bucket]++;
                series.Value += value;
            }
            else
            {
                series.Value = adds ? series.Value + value : value;
            }
        }
    }

    /// <summary>Forgets all series.</summary>
    public void Clear()
    {
        lock (gate)
        {
            byHash.Clear();
            all.Clear();
            overflow = null;
        }
    }

    /// <summary>Writes its lines; none if nothing was measured.</summary>
    public void Write(StringBuilder text)
    {
        lock (gate)
        {
            if (all.Count == 0) return;
            PrometheusText.WriteHead(text, Name, type, help);
            foreach (Series series in all)
            {
                if (type != "histogram") PrometheusText.WriteSample(text, Name, series.Labels, null, series.Value);
                else WriteHistogram(text, series);
            }
        }
    }

    /// <summary>A Prometheus bucket counts everything up to its bound.</summary>
    private void WriteHistogram(StringBuilder text, Series series)
    {
        long count = 0;
        for (int i = 0; i < series.Buckets.Length; i++)
        {
            count += series.Buckets[i];
            PrometheusText.WriteSample(
                text, $"{Name}_bucket", series.Labels, i < bounds.Length ? bounds[i] : double.PositiveInfinity, count);
        }

        PrometheusText.WriteSample(text, $"{Name}_sum", series.Labels, null, series.Value);
        PrometheusText.WriteSample(text, $"{Name}_count", series.Labels, null, count);
    }

    private Series Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var hash = new HashCode();
        foreach ((string key, object? value) in tags)
        {
            hash.Add(key);
            hash.Add(value);
        }

        int code = hash.ToHashCode();
        byHash.TryGetValue(code, out Series? first);
        for (Series? series = first; series is not null; series = series.Next)
            if (IsEqual(series.Tags, tags)) return series;
        // the name that OpenTelemetry gives it
        if (all.Count >= MaxSeries) return overflow ??= Add([new("otel.metric.overflow", "true")], null);
        return byHash[code] = Add(tags, first);
    }

    private Series Add(ReadOnlySpan<KeyValuePair<string, object?>> tags, Series? next)
    {
        var added = new Series(tags.ToArray(), PrometheusText.Labels(tags), bounds.Length + 1, next);
        all.Add(added);
        return added;
    }

    private static bool IsEqual(ReadOnlySpan<KeyValuePair<string, object?>> a, ReadOnlySpan<KeyValuePair<string, object?>> b)
    {
        if (a.Length != b.Length) return false;
        for (int i = 0; i < a.Length; i++)
            if (a[i].Key != b[i].Key || !Equals(a[i].Value, b[i].Value)) return false;
        return true;
    }

    private static double[]? Bounds(Instrument instrument) => instrument switch
    {
        Instrument<double> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
        Instrument<long> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(static bound => (double)bound)],
        Instrument<int> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(static bound => (double)bound)],
        _ => null,
    };

    private sealed class Series(KeyValuePair<string, object?>[] tags, string labels, int buckets, Series? next)
    {
        public KeyValuePair<string, object?>[] Tags { get; } = tags;

        public string Labels { get; } = labels;

        /// <summary>Of the same hash.</summary>
        public Series? Next { get; } = next;

        /// <summary>The value, or the sum of a histogram.</summary>
        public double Value { get; set; }

        /// <summary>The number of measurements in each bucket alone (not cumulative).</summary>
        public long[] Buckets { get; } = new long[buckets];
    }
}
