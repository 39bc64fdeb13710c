using VlmSharp.Compute;
using VlmSharp.Conformance;

namespace VlmSharp.Gpu.Tests;

/// <summary>Whole models on an OpenCL device, with the tolerances of the CPU backend: all arithmetic is fp32 there.</summary>
[Collection(SharedDevice.Collection)]
public sealed class OpenClModelGoldens : ModelGoldens
{
    protected override IComputeBackend CreateBackend() => SharedDevice.Backend();
}

[Collection(SharedDevice.Collection)]
public sealed class OpenClBeamGoldens : BeamGoldens
{
    protected override IComputeBackend CreateBackend() => SharedDevice.Backend();
}

[Collection(SharedDevice.Collection)]
public sealed class OpenClDemoGoldens : DemoGoldens
{
    protected override IComputeBackend CreateBackend() => SharedDevice.Backend();

    protected override int Scenes => 40;
}
