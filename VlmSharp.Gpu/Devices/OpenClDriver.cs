using System.Globalization;
using System.Runtime.CompilerServices;
using ILGPU.Backends;
using ILGPU.Backends.OpenCL;
using ILGPU.Runtime.OpenCL;

namespace VlmSharp.Gpu.Devices;

/// <summary>Lists the devices of OpenCL drivers.</summary>
internal static class OpenClDriver
{
    /// <summary>Lists the devices of all drivers, in the loader's order.</summary>
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

    /// <summary>Describes a device for users.</summary>
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

    /// <summary>The threads per group that the kernels need.</summary>
    private const int LeastThreads = 256;

    /// <summary>
    /// ILGPU rejects devices without generic pointers, whose address space is unknown. They are optional in OpenCL 3.0, and most devices
    /// lack them. Level 2 gives every pointer of our kernels an address space, so these devices can run them.
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
