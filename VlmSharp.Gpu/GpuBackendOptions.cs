using VlmSharp.Compute;
using VlmSharp.Gpu.Devices;

namespace VlmSharp.Gpu;

/// <summary>Which device, and how.</summary>
public sealed record GpuBackendOptions
{
    /// <summary>What drives the device.</summary>
    public GpuPlatform Platform { get; init; } = GpuPlatform.Cuda;

    /// <summary>The device's number in the list of all devices; null for the first usable one of the platform.</summary>
    public int? Device { get; init; }

    /// <summary>How keys and values are kept: BF16 or F32. Null is BF16 on tensor cores, whose attention reads that, and F32 elsewhere.</summary>
    public DType? KvCacheFormat { get; init; }
}
