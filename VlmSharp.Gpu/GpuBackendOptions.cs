using VlmSharp.Compute;
using VlmSharp.Gpu.Devices;

namespace VlmSharp.Gpu;

/// <summary>Selects the device and its settings.</summary>
public sealed record GpuBackendOptions
{
    /// <summary>The driver to use.</summary>
    public GpuPlatform Platform { get; init; } = GpuPlatform.Cuda;

    /// <summary>The device's number in the list of all devices; null for the first usable one of the platform.</summary>
    public int? Device { get; init; }

    /// <summary>
    /// The storage format of keys and values: BF16 or F32. Null means BF16 on tensor cores, whose attention reads it directly, and F32 on
    /// other devices.
    /// </summary>
    public DType? KvCacheFormat { get; init; }
}
