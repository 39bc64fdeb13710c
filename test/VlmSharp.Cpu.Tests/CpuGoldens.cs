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

[NeedsTier(SimdTier.Vector256)]
public sealed class Cpu256AdapterGoldens : AdapterGoldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector256 });
}

[NeedsTier(SimdTier.Vector512)]
public sealed class Cpu512AdapterGoldens : AdapterGoldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector512 });
}

public sealed class Cpu128BeamGoldens : BeamGoldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector128 });
}

[NeedsTier(SimdTier.Vector256)]
public sealed class Cpu256BeamGoldens : BeamGoldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector256 });
}

[NeedsTier(SimdTier.Vector512)]
public sealed class Cpu512BeamGoldens : BeamGoldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector512 });
}

public sealed class Cpu128SamplingGoldens : SamplingGoldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector128 });
}

[NeedsTier(SimdTier.Vector256)]
public sealed class Cpu256SamplingGoldens : SamplingGoldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector256 });
}

[NeedsTier(SimdTier.Vector512)]
public sealed class Cpu512SamplingGoldens : SamplingGoldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector512 });
}

public sealed class Cpu128DemoGoldens : DemoGoldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector128 });

    protected override int Scenes => 10;
}

[NeedsTier(SimdTier.Vector256)]
public sealed class Cpu256DemoGoldens : DemoGoldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector256 });

    protected override int Scenes => 10;
}

[NeedsTier(SimdTier.Vector512)]
public sealed class Cpu512DemoGoldens : DemoGoldens
{
    protected override IComputeBackend CreateBackend() => new CpuBackend(new CpuBackendOptions { Simd = SimdTier.Vector512 });

    protected override int Scenes => 10;
}
