using VlmSharp.Compute;
using VlmSharp.Conformance;

namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>
/// Every operator with portable kernels, which NVIDIA's cards below compute capability 8.0 get as PTX and others as OpenCL: the PTX
/// machine sees races that no OpenCL device on the CPU shows. Shapes are small; the OpenCL device checks the numbers.
/// </summary>
public sealed class PtxPortableConformance : BackendConformance
{
    protected override long MostMultiplications => 40_000;

    protected override IComputeBackend Create() => new GpuBackend(new PtxDevice(), "ptx", "PTX machine", useTensorCores: false);
}
