using System.Globalization;
using System.Runtime.CompilerServices;
using ILGPU.Backends;
using ILGPU.Backends.OpenCL;
using ILGPU.Runtime.OpenCL;

namespace VlmSharp.Gpu.Devices;

/// <summary>What OpenCL drivers say of themselves and their devices.</summary>
internal static class OpenClDriver
{
    /// <summary>The devices of all drivers, in the loader's order.</summary>
    /// <param name="reason">Why there are none, or null.</param>
    public static IReadOnlyList<CLDevice> Find(out string? reason)
    {
        string library = Drivers.LibraryOf(GpuPlatform.OpenCL);
        if (Drivers.TryLoad(library, out _) is { } loader)
        {
            reason = $"the OpenCL loader did not load ({loader}); install it and the driver of the device.";
            return [];
        }

        CLDevice[] devices = [.. CLDevice.GetDevices(_ => true).Cast<CLDevice>()];
        foreach (CLDevice device in devices) AllowNamedAddressSpaces(device);
        reason = devices.Length > 0
            ? null
            : $"{library} is there but finds no device; install the device's OpenCL driver (for the CPU: pocl-opencl-icd).";
        return devices;
    }

    /// <summary>What users want to know of a device.</summary>
    public static GpuDeviceInfo Describe(CLDevice device, int index) => new(
        index, GpuPlatform.OpenCL, device.Name.Trim(),
        CLAPI.CurrentAPI.GetDeviceInfo(device.DeviceId, CLDeviceInfoType.CL_DRIVER_VERSION), device.MemorySize,
        VersionOf(device), device.NumMultiprocessors, WhyUnusable(device));

    private static string? WhyUnusable(CLDevice device)
    {
        if (!device.Capabilities.GenericAddressSpace)
            return $"it supports OpenCL {VersionOf(device)}, and 2.0 is the least that kernels are compiled for.";
        return device.MaxNumThreadsPerGroup < LeastThreads
            ? $"its groups have {device.MaxNumThreadsPerGroup} threads at most, and kernels need {LeastThreads}."
            : null;
    }

    /// <summary>Threads that a group of the kernels has.</summary>
    private const int LeastThreads = 256;

    /// <summary>
    /// ILGPU refuses devices that cannot follow a pointer whose address space is unknown: most of OpenCL 3.0, where it is optional. Our
    /// kernels have no such pointer once level 2 has given each its address space, so these devices may pass.
    /// </summary>
    private static void AllowNamedAddressSpaces(CLDevice device)
    {
        if (device.DeviceVersion >= CLDeviceVersion.CL30) SetGenericAddressSpace(device.Capabilities, true);
    }

    private static string VersionOf(CLDevice device) =>
        string.Create(CultureInfo.InvariantCulture, $"{device.DeviceVersion.Major}.{device.DeviceVersion.Minor}");

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_GenericAddressSpace")]
    private static extern void SetGenericAddressSpace(CLCapabilityContext context, bool value);
}
