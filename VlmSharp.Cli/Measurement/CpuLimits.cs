using VlmSharp.Cpu.Measurement;

namespace VlmSharp.Cli.Measurement;

/// <summary>The limits of the CPU.</summary>
/// <param name="probe">Measures the limits; owned.</param>
internal sealed class CpuLimits(LimitProbe probe) : ILimits
{
    public string Memory => "read";

    public string Arithmetic => "fma";

    public int? Threads => probe.Threads;

    public Limits Measure()
    {
        MachineLimits measured = probe.Measure();
        return new Limits(measured.ReadBandwidth * 1e9, measured.FmaPeak * 1e9);
    }

    public void Dispose() => probe.Dispose();
}
