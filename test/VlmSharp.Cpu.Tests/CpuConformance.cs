using VlmSharp.Compute;
using VlmSharp.Conformance;

namespace VlmSharp.Cpu.Tests;

/// <summary>
/// Every register width on several numbers of threads, and activations of 8 bits; what the processor lacks runs emulated.
/// </summary>
public abstract class CpuConformance(SimdTier tier, int threads, int activationBits = 16) : BackendConformance
{
    protected override bool ByteActivations => activationBits == 8;

    protected override IComputeBackend Create() => new CpuBackend(
        new CpuBackendOptions { Simd = tier, Threads = threads, ActivationBits = activationBits, AllowEmulation = true });
}

public sealed class Cpu128OneThread() : CpuConformance(SimdTier.Vector128, 1);

public sealed class Cpu128TwoThreads() : CpuConformance(SimdTier.Vector128, 2);

public sealed class Cpu128ThreeThreads() : CpuConformance(SimdTier.Vector128, 3);

public sealed class Cpu256OneThread() : CpuConformance(SimdTier.Vector256, 1);

public sealed class Cpu256TwoThreads() : CpuConformance(SimdTier.Vector256, 2);

public sealed class Cpu256ThreeThreads() : CpuConformance(SimdTier.Vector256, 3);

public sealed class Cpu512OneThread() : CpuConformance(SimdTier.Vector512, 1);

public sealed class Cpu512TwoThreads() : CpuConformance(SimdTier.Vector512, 2);

public sealed class Cpu512ThreeThreads() : CpuConformance(SimdTier.Vector512, 3);

public sealed class Cpu128ByteActivations() : CpuConformance(SimdTier.Vector128, 2, activationBits: 8);

public sealed class Cpu256ByteActivations() : CpuConformance(SimdTier.Vector256, 2, activationBits: 8);

public sealed class Cpu512ByteActivations() : CpuConformance(SimdTier.Vector512, 2, activationBits: 8);
