using VlmSharp.Compute;
using VlmSharp.Conformance;

namespace VlmSharp.Gpu.Tests;

/// <summary>The portable kernels on any OpenCL device; in the build that is pocl on the CPU.</summary>
[NeedsOpenCl]
[Collection(SharedDevice.Collection)]
public sealed class OpenClConformance : BackendConformance
{
    protected override IComputeBackend Create() => SharedDevice.Backend();
}
