namespace VlmSharp.Cpu.Measurement;

/// <summary>
/// The two speeds that limit every kernel on this machine: how fast all threads read memory (the limit of decode, which
/// reads every weight once per token) and how fast they multiply and add (the limit of prefill and the vision encoder).
/// </summary>
/// <param name="ReadBandwidth">GB/s (10^9 bytes) when reading memory that is in no cache.</param>
/// <param name="FmaPeak">GFLOP/s of fp32 multiply-adds on registers, each counted as two.</param>
/// <param name="Threads">Threads used for the measurement.</param>
/// <param name="Tier">Vector registers used for the measurement.</param>
internal readonly record struct MachineLimits(double ReadBandwidth, double FmaPeak, int Threads, SimdTier Tier)
{
    /// <summary>Measures once, in a fraction of a second; <see cref="LimitProbe"/> measures right before and after other timings.</summary>
    /// <param name="options">Threads and tier; null for the defaults.</param>
    /// <returns>The limits: the best of several rounds, since other programs can only slow a round down.</returns>
    public static MachineLimits Measure(CpuBackendOptions? options = null)
    {
        using var probe = new LimitProbe(options ?? new CpuBackendOptions());
        return probe.Measure().Best(probe.Measure()).Best(probe.Measure());
    }

    /// <summary>The better of two measurements, each limit by itself.</summary>
    /// <param name="other">Measured on the same threads and registers.</param>
    /// <returns>The limits.</returns>
    public MachineLimits Best(MachineLimits other) =>
        this with { ReadBandwidth = Math.Max(ReadBandwidth, other.ReadBandwidth), FmaPeak = Math.Max(FmaPeak, other.FmaPeak) };

    /// <summary>The least time that work can take: reading and computing may overlap, so it is the longer of the two.</summary>
    /// <param name="bytes">Bytes that must be read from memory.</param>
    /// <param name="flops">Floating-point operations that must be done, a multiply and an add counting as two.</param>
    /// <returns>Seconds.</returns>
    public double FloorSeconds(double bytes, double flops) => Math.Max(bytes / (ReadBandwidth * 1e9), flops / (FmaPeak * 1e9));
}
