namespace VlmSharp.Gpu.Devices;

/// <summary>The result of looking for a platform's driver.</summary>
/// <param name="Platform">The kind of driver: CUDA or OpenCL.</param>
/// <param name="Library">The library that was tried.</param>
/// <param name="Reason">
/// Null if the library was found and lists devices. Otherwise the reason, in the words of the system's loader or the driver, and what would
/// help.
/// </param>
public sealed record GpuPlatformReport(GpuPlatform Platform, string Library, string? Reason)
{
    /// <summary>Whether the driver was found and lists devices.</summary>
    public bool IsFound => Reason is null;
}
