using System.Runtime.Intrinsics.X86;

namespace VlmSharp.Cpu;

/// <summary>How a <see cref="CpuBackend"/> uses the machine.</summary>
public sealed record CpuBackendOptions
{
    /// <summary>
    /// Threads that work on an operator, the caller included; null for one per processor that the process may use (a container's limit
    /// counts).
    /// </summary>
    public int? Threads { get; init; }

    /// <summary>Vector registers to use.</summary>
    public SimdTier Simd { get; init; } = SimdTier.Auto;

    /// <summary>
    /// Bits of the rounded activations in products with 8-bit weights, 8 or 16; null for 8 on processors with AVX-VNNI, where they are
    /// faster, and 16 on others. Quantization.md has the speed and the precision of both. Activations have 8 bits with 4-bit weights and
    /// are not rounded with float weights.
    /// </summary>
    public int? ActivationBits { get; init; }

    /// <summary>Lets tests run the kernels of a width that the processor lacks, by the runtime's emulation.</summary>
    internal bool AllowEmulation { get; init; }

    internal int ResolveActivationBits()
    {
        if (ActivationBits is not int bits) return AvxVnni.IsSupported ? 8 : 16;
        return bits is 8 or 16 ? bits : throw new ArgumentException($"Activations of {bits} bits: there are 8 and 16.");
    }

    internal int ResolveThreads()
    {
        if (Threads is not int threads) return Environment.ProcessorCount;
        return threads > 0 ? threads : throw new ArgumentException($"{threads} threads cannot do any work: ask for at least 1.");
    }
}
