using VlmSharp.Compute;
using VlmSharp.Conformance;

namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>
/// Every operator on tensor cores: the PTX for a card, run by the PTX machine, which also checks for races, bad addresses and deadlocks.
/// Large shapes are left to the OpenCL device and to cards.
/// </summary>
public sealed class PtxConformance : BackendConformance
{
    private readonly PtxDevice device = new();

    protected override double OperandRounding => 1.0 / 256; // bf16 has 8 significant bits, and is off by half of the last one

    protected override long MostMultiplications => 300_000;

    protected override IComputeBackend Create()
    {
        Assert.True(device.Machine.WatchesGlobalMemory);
        return new GpuBackend(device, "ptx", "PTX machine", useTensorCores: true);
    }
}
