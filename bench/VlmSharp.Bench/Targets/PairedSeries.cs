using System.Diagnostics;
using VlmSharp.Cpu;
using VlmSharp.Cpu.Measurement;

namespace VlmSharp.Bench.Targets;

/// <summary>
/// Repetitions of one piece of work, each between two measurements of the machine's limits. The share of a repetition is its floor
/// at the better of the two measurements, divided by its time.
/// </summary>
/// <param name="probe">Measures the limits, on the threads and registers of the work.</param>
/// <param name="bytes">Bytes that the work must read from memory, or 0.</param>
/// <param name="flops">Operations that it must do, or 0.</param>
internal sealed class PairedSeries(LimitProbe probe, double bytes, double flops)
{
    private readonly List<double> seconds = [], shares = [];
    private readonly List<MachineLimits> limits = [];

    /// <summary>Median time of a repetition.</summary>
    public double Seconds => Median(seconds);

    /// <summary>Median share of the limit.</summary>
    public double Share => Median(shares);

    /// <summary>The range of the limit that binds the work, as text.</summary>
    public string Limits
    {
        get
        {
            bool reading = limits.Average(l => l.FloorSeconds(bytes, 0) - l.FloorSeconds(0, flops)) > 0;
            double[] values = [.. limits.Select(l => reading ? l.ReadBandwidth : l.FmaPeak).Order()];
            return reading ? $"{values[0]:0.0} to {values[^1]:0.0} GB/s" : $"{values[0]:0} to {values[^1]:0} GFLOP/s";
        }
    }

    /// <summary>Runs the work several times after a warm-up.</summary>
    /// <returns>This series.</returns>
    public PairedSeries Run(int repetitions, Action work)
    {
        work();
        for (int i = 0; i < repetitions; i++) Repeat(work);
        return this;
    }

    /// <summary>Runs the work once.</summary>
    public void Repeat(Action work)
    {
        MachineLimits before = probe.Measure();
        long start = Stopwatch.GetTimestamp();
        work();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        Add(elapsed, before.Best(probe.Measure()));
    }

    /// <summary>Adds a repetition that was timed elsewhere.</summary>
    /// <param name="elapsed">The time of the repetition.</param>
    /// <param name="around">The limits around it.</param>
    public void Add(TimeSpan elapsed, MachineLimits around)
    {
        seconds.Add(elapsed.TotalSeconds);
        limits.Add(around);
        shares.Add(around.FloorSeconds(bytes, flops) / elapsed.TotalSeconds);
    }

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
