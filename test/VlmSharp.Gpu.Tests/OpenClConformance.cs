using VlmSharp.Compute;
using VlmSharp.Conformance;
using VlmSharp.Gpu.Devices;

namespace VlmSharp.Gpu.Tests;

/// <summary>The portable kernels on whatever OpenCL device there is: pocl on the processor in the build.</summary>
public sealed class OpenClConformance : BackendConformance
{
    protected override IComputeBackend Create() => new GpuBackend(new GpuBackendOptions { Platform = GpuPlatform.OpenCL });
}
