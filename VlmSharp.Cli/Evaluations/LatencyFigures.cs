using System.Text.Json;
using VlmSharp.Cli.Batch;
using VlmSharp.Cli.LoadTest;

namespace VlmSharp.Cli.Evaluations;

/// <summary>Latencies of answers.</summary>
/// <param name="Count">Number of answers whose time is known.</param>
/// <param name="Mean">Mean seconds from question to answer; the items of a group have the same time.</param>
/// <param name="Median">Median seconds from question to answer.</param>
/// <param name="P95">95th percentile, nearest rank.</param>
/// <param name="PerSecond">Answers per second of a working process.</param>
/// <param name="PeakBytes">The peak memory of a process.</param>
internal sealed record LatencyFigures(int Count, double Mean, double Median, double P95, double PerSecond, long PeakBytes)
{
    /// <summary>The latencies of a folder; null if no time is known.</summary>
    public static LatencyFigures? Of(string folder)
    {
        (IReadOnlyDictionary<long, (double Seconds, int Together)> times, long peak) = LatencyLog.Read(folder);
        if (times.Count == 0) return null;
        var all = new Percentiles(times.Values.Select(t => t.Seconds));
        double worked = times.Values.Sum(t => t.Seconds / t.Together);
        return new LatencyFigures(all.Count, all.Mean, all[50], all[95], all.Count / Math.Max(worked, 1e-9), peak);
    }

    /// <summary>Writes an object.</summary>
    public void Write(Utf8JsonWriter o)
    {
        o.WriteStartObject();
        o.WriteNumber("answers", Count);
        o.WriteNumber("mean_s", Math.Round(Mean, 6));
        o.WriteNumber("median_s", Math.Round(Median, 6));
        o.WriteNumber("p95_s", Math.Round(P95, 6));
        o.WriteNumber("answers_per_s", Math.Round(PerSecond, 3));
        o.WriteNumber("peak_bytes", PeakBytes);
        o.WriteEndObject();
    }
}
