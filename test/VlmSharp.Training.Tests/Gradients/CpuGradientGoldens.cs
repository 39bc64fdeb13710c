using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Cpu;

namespace VlmSharp.Training.Tests.Gradients;

public sealed class CpuGradientGoldens : GradientGoldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend();
}

public sealed class Cpu128GradientGoldens : GradientGoldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector128, Threads = 1 });
}

public sealed class Cpu256GradientGoldens : GradientGoldens
{
    protected override IComputeBackend CreateBackend() =>
        new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector256, AllowEmulation = true, Threads = 2 });
}

public sealed class Cpu512GradientGoldens : GradientGoldens
{
    protected override IComputeBackend CreateBackend() =>
        new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector512, AllowEmulation = true, Threads = 3 });
}
