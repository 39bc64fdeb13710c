using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Gpu.Devices;

namespace VlmSharp.Gpu.Tests;

/// <summary>Whole models on an OpenCL device, with the tolerances of the CPU backend: all arithmetic is fp32 there.</summary>
public sealed class OpenClModelGoldens : ModelGoldens
{
    protected override IComputeBackend CreateBackend() => OpenCl.Backend();
}

public sealed class OpenClBeamGoldens : BeamGoldens
{
    protected override IComputeBackend CreateBackend() => OpenCl.Backend();
}

public sealed class OpenClDemoGoldens : DemoGoldens
{
    protected override IComputeBackend CreateBackend() => OpenCl.Backend();

    protected override int Scenes => 8;
}

internal static class OpenCl
{
    public static IComputeBackend Backend() => new GpuBackend(new GpuBackendOptions { Platform = GpuPlatform.OpenCL });
}
