using VlmSharp.Compute;
#if CUDA
using VlmSharp.Gpu;
using VlmSharp.Gpu.Measurement;
#endif

namespace VlmSharp.Cli.Measurement;

/// <summary>The limits of a GPU, if this build has the GPU backend (Cuda in the project file).</summary>
internal static class DeviceLimits
{
    /// <summary>The limits of a backend, or null if it does not run on a GPU.</summary>
    public static ILimits? Of(IComputeBackend backend) =>
#if CUDA
        backend is GpuBackend gpu ? new Probe(new GpuLimitProbe(gpu), gpu.HasTensorCores) : null;

    private sealed class Probe(GpuLimitProbe probe, bool hasTensorCores) : ILimits
    {
        public string Memory => "read";

        public string Arithmetic => hasTensorCores ? "matrix" : "fma";

        public int? Threads => null;

        public Limits Measure()
        {
            GpuLimits measured = probe.Measure();
            return new Limits(measured.ReadBandwidth * 1e9, measured.Peak * 1e9);
        }

        public void Dispose() => probe.Dispose();
    }
#else
        null;
#endif
}
