using VlmSharp.Conformance;
using VlmSharp.Gpu.Devices;

namespace VlmSharp.Gpu.Tests;

/// <summary>
/// A test that runs kernels on an OpenCL device, which may be the CPU. It is skipped, with a reason, if there is none.
/// </summary>
public sealed class OpenClFactAttribute : FactAttribute
{
    /// <summary>Sets the reason where there is no device.</summary>
    public OpenClFactAttribute() => Skip = OpenClDevices.SkipReason;
}

/// <summary>A <see cref="OpenClFactAttribute"/> with several cases.</summary>
public sealed class OpenClTheoryAttribute : TheoryAttribute
{
    /// <summary>Sets the reason where there is no device.</summary>
    public OpenClTheoryAttribute() => Skip = OpenClDevices.SkipReason;
}

/// <summary>
/// Marks a class that inherits its tests from <see cref="VlmSharp.Conformance"/>: they are skipped without a device.
/// </summary>
public sealed class NeedsOpenClAttribute : SkipReasonAttribute
{
    /// <inheritdoc/>
    public override string? Reason => OpenClDevices.SkipReason;
}

/// <summary>Whether there is a device, checked once.</summary>
internal static class OpenClDevices
{
    /// <summary>The reason to skip a test; null if there is a device.</summary>
    public static string? SkipReason { get; } =
        GpuDevices.Find().Devices.Any(device => device is { Platform: GpuPlatform.OpenCL, Unusable: null })
        ? null
        : "no OpenCL device: apt-get install pocl-opencl-icd ocl-icd-libopencl1";
}
