using System.Diagnostics.Metrics;
using VlmSharp.Server.Observing;

namespace VlmSharp.Server.Tests.Observing;

/// <summary>.NET's instruments in the text format of Prometheus.</summary>
public sealed class PrometheusTests : IDisposable
{
    private readonly Meter meter = new("Test");
    private readonly PrometheusExporter exporter;

    public PrometheusTests() => exporter = new PrometheusExporter(wanted => wanted == meter);

    public void Dispose()
    {
        exporter.Dispose();
        meter.Dispose();
    }

    [Fact]
    public void Every_kind_of_instrument_has_its_type_name_and_values()
    {
        Counter<long> counter = meter.CreateCounter<long>("work.done", "{item}", "Done.");
        UpDownCounter<int> active = meter.CreateUpDownCounter<int>("work.active", "{item}", "Active.");
        Gauge<double> level = meter.CreateGauge<double>("tank.level", "By", "Level.");
        Histogram<double> time =
            meter.CreateHistogram("work.time", "s", "Time.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.5, 1] });
        meter.CreateObservableCounter("seen", () => 7L, "{item}", "Seen.");
        meter.CreateObservableUpDownCounter("here", () => -2, "{item}", "Here.");
        meter.CreateObservableGauge("rate", () => 0.25f, "{item}/s", "Rate.");
        counter.Add(2, new KeyValuePair<string, object?>("kind.of", "a"));
        counter.Add(3, new KeyValuePair<string, object?>("kind.of", "a"));
        counter.Add(1, new("kind.of", "b"), new("n", 5));
        active.Add(3);
        active.Add(-1);
        level.Record(1.5);
        level.Record(2.5);
        foreach (double value in (double[])[0.25, 0.5, 0.75, 3]) time.Record(value);
        Assert.Equal("""
            # HELP here Here.
            # TYPE here gauge
            here -2
            # HELP rate_per_second Rate.
            # TYPE rate_per_second gauge
            rate_per_second 0.25
            # HELP seen_total Seen.
            # TYPE seen_total counter
            seen_total 7
            # HELP tank_level_bytes Level.
            # TYPE tank_level_bytes gauge
            tank_level_bytes 2.5
            # HELP work_active Active.
            # TYPE work_active gauge
            work_active 2
            # HELP work_done_total Done.
            # TYPE work_done_total counter
            work_done_total{kind_of="a"} 5
            work_done_total{kind_of="b",n="5"} 1
            # HELP work_time_seconds Time.
            # TYPE work_time_seconds histogram
            work_time_seconds_bucket{le="0.5"} 2
            work_time_seconds_bucket{le="1"} 3
            work_time_seconds_bucket{le="+Inf"} 4
            work_time_seconds_sum 4.5
            work_time_seconds_count 4

            """, exporter.Write());
    }

    [Fact]
    public void Texts_are_escaped()
    {
        meter.CreateCounter<long>("odd-name", null, "back\\slash\nline")
            .Add(1, new KeyValuePair<string, object?>("0key", "quote\" back\\slash\nline"));
        Assert.Equal("""
            # HELP odd_name_total back\\slash\nline
            # TYPE odd_name_total counter
            odd_name_total{_0key="quote\" back\\slash\nline"} 1

            """, exporter.Write());
    }

    [Fact]
    public void Numbers_that_are_not_finite_are_spelled_as_prometheus_does()
    {
        Gauge<double> gauge = meter.CreateGauge<double>("g");
        string[] words = [.. ((double[])[double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1e300, 0.1]).Select(value =>
        {
            gauge.Record(value);
            return exporter.Write().TrimEnd('\n').Split(' ')[^1];
        })];
        Assert.Equal(["NaN", "+Inf", "-Inf", "1E+300", "0.1"], words);
    }

    [Fact]
    public void What_is_no_longer_observed_is_no_longer_reported()
    {
        string label = "a";
        meter.CreateObservableGauge("info", () => new Measurement<long>(1, new KeyValuePair<string, object?>("x", label)));
        Assert.Contains("info{x=\"a\"} 1", exporter.Write(), StringComparison.Ordinal);
        label = "b";
        string text = exporter.Write();
        Assert.Contains("info{x=\"b\"} 1", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"a\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_instrument_that_throws_does_not_stop_the_others()
    {
        meter.CreateObservableGauge<long>("broken", long () => throw new InvalidOperationException());
        meter.CreateObservableGauge("sound", () => 1L);
        Assert.Contains("sound 1", exporter.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_cannot_fill_the_memory()
    {
        Counter<long> counter = meter.CreateCounter<long>("c");
        for (int i = 0; i < 5000; i++) counter.Add(1, new KeyValuePair<string, object?>("x", i));
        string text = exporter.Write();
        Assert.Equal(2003, text.Count(c => c == '\n')); // two lines before them, and one line for all that are over the limit
        Assert.Contains("c_total{otel_metric_overflow=\"true\"} 3000", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_measurement_of_a_known_series_allocates_nothing()
    {
        Histogram<double> time = meter.CreateHistogram<double>("time", "s");
        for (int i = 0; i < 100; i++) Measure();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) Measure();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Measure() => time.Record(0.1, new("model", "demo"), new("stage", "decode"));
    }

    [Fact]
    public void Measurements_of_many_threads_are_all_counted()
    {
        Counter<long> counter = meter.CreateCounter<long>("c");
        Parallel.For(0, 10_000, i => counter.Add(1, new KeyValuePair<string, object?>("x", (i % 2 == 0) ? "even" : "odd")));
        string text = exporter.Write();
        Assert.Contains("c_total{x=\"even\"} 5000\n", text, StringComparison.Ordinal);
        Assert.Contains("c_total{x=\"odd\"} 5000\n", text, StringComparison.Ordinal);
    }
}
