namespace VlmSharp.Gpu.Devices;

/// <summary>What came of looking for a platform's driver.</summary>
/// <param name="Platform">The platform.</param>
/// <param name="Library">The library that was tried.</param>
/// <param name="Reason">
/// Null where it is there and lists devices; else why not, in the words of the system's loader or the driver, and what would help.
/// </param>
public sealed record GpuPlatformReport(GpuPlatform Platform, string Library, string? Reason)
{
    /// <summary>Whether the driver is there and lists devices.</summary>
    public bool IsFound => Reason is null;
}
