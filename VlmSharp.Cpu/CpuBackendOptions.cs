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
    /// Bits of the rounded activations in products with 8-bit weights: 16, or 8, which is faster on a processor with AVX-VNNI but less
    /// precise.
    /// Quantization.md has the speed and the precision of both. Activations have 8 bits with 4-bit weights and are not rounded with float
    /// weights.
    /// </summary>
    public int ActivationBits { get; init; } = 16;

    /// <summary>Lets tests run the kernels of a width that the processor lacks, by the runtime's emulation.</summary>
    internal bool AllowEmulation { get; init; }

    internal int ResolveActivationBits() => ActivationBits is 8 or 16
        ? ActivationBits
        : throw new ArgumentException($"Activations of {ActivationBits} bits: there are 8 and 16.");

    internal int ResolveThreads()
    {
        if (Threads is not int threads) return Environment.ProcessorCount;
        return threads > 0 ? threads : throw new ArgumentException($"{threads} threads cannot do any work: ask for at least 1.");
    }
}
