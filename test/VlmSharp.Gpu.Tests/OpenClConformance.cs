using VlmSharp.Compute;
using VlmSharp.Conformance;

namespace VlmSharp.Gpu.Tests;

/// <summary>The portable kernels on whatever OpenCL device there is: pocl on the processor in the build.</summary>
[NeedsOpenCl]
[Collection(SharedDevice.Collection)]
public sealed class OpenClConformance : BackendConformance
{
    protected override IComputeBackend Create() => SharedDevice.Backend();
}
