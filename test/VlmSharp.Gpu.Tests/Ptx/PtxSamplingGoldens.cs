using VlmSharp.Compute;
using VlmSharp.Conformance;

namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>The draws that a card makes.</summary>
public sealed class PtxSamplingGoldens : SamplingGoldens
{
    protected override IComputeBackend CreateBackend() => new GpuBackend(new PtxDevice(), "ptx", "PTX machine", useTensorCores: true);
}
