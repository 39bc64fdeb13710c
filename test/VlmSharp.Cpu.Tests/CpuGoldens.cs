using VlmSharp.Compute;
using VlmSharp.Conformance;

namespace VlmSharp.Cpu.Tests;

public sealed class CpuModelGoldens : ModelGoldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend();
}

public sealed class Cpu128ModelGoldens : ModelGoldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector128 });
}

public sealed class Cpu256ModelGoldens : ModelGoldens
{
    protected override IComputeBackend CreateBackend() =>
        new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector256, AllowEmulation = true });
}

public sealed class Cpu512ModelGoldens : ModelGoldens
{
    protected override IComputeBackend CreateBackend() =>
        new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector512, AllowEmulation = true, Threads = 3 });
}

public sealed class CpuBeamGoldens : BeamGoldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend();
}

public sealed class CpuSamplingGoldens : SamplingGoldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend();
}

public sealed class CpuDemoGoldens : DemoGoldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend();

    protected override int Scenes => 40;
}

public sealed class CpuNf4Goldens : Nf4Goldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend();
}

public sealed class Cpu128Nf4Goldens : Nf4Goldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector128 });
}

public sealed class Cpu256Nf4Goldens : Nf4Goldens
{
    protected override IComputeBackend CreateBackend() =>
        new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector256, AllowEmulation = true });
}

public sealed class Cpu512Nf4Goldens : Nf4Goldens
{
    protected override IComputeBackend CreateBackend() =>
        new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector512, AllowEmulation = true, Threads = 3 });
}

public sealed class CpuAdapterGoldens : AdapterGoldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend();
}

public sealed class Cpu128AdapterGoldens : AdapterGoldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector128 });
}
