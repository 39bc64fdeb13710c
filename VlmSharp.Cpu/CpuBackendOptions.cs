namespace VlmSharp.Cpu;

/// <summary>How a <see cref="CpuBackend"/> uses the machine.</summary>
public sealed record CpuBackendOptions
{
    /// <summary>Threads that work on an operator, the caller included; null for one per processor that the process may use (a container's limit counts).</summary>
    public int? Threads { get; init; }

    /// <summary>Vector registers to use.</summary>
    public SimdTier Simd { get; init; } = SimdTier.Auto;

    /// <summary>Lets tests run the kernels of a width that the processor lacks, on the runtime's emulation.</summary>
    internal bool AllowEmulation { get; init; }

    internal int ResolveThreads()
    {
        if (Threads is not int threads) return Environment.ProcessorCount;
        return threads > 0 ? threads : throw new ArgumentException($"{threads} threads cannot do any work: ask for at least 1.");
    }
}
