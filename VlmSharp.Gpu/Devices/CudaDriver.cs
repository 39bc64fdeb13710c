using System.Globalization;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.Cuda;

namespace VlmSharp.Gpu.Devices;

/// <summary>Lists the devices of NVIDIA's driver.</summary>
internal static class CudaDriver
{
    /// <summary>Lists the devices in the driver's order.</summary>
    /// <param name="reason">Why there are none, or null.</param>
    public static IReadOnlyList<CudaDevice> Find(out string? reason)
    {
        reason = WhyNone();
        if (reason is not null) return [];
        CudaDevice[] devices = [.. CudaDevice.GetDevices(_ => true).Cast<CudaDevice>()];
        if (devices.Length == 0)
            reason = $"{Drivers.LibraryOf(GpuPlatform.Cuda)} lists devices, and none of them is one that this version can use.";
        return devices;
    }

    /// <summary>The reason given by the loader or the driver.</summary>
    private static string? WhyNone()
    {
        string library = Drivers.LibraryOf(GpuPlatform.Cuda);
        if (Drivers.TryLoad(library, out nint driver) is { } loader)
            return $"NVIDIA's driver did not load ({loader}); install it where there is an NVIDIA card.";
        CudaError started = Drivers.StartCuda(driver);
        if (started != CudaError.CUDA_SUCCESS)
            return $"{library} is there but does not start ({started}); 'nvidia-smi' should list a card.";
        CudaError counted = CudaAPI.CurrentAPI.GetDeviceCount(out int count);
        if (counted != CudaError.CUDA_SUCCESS)
            return $"{library} is there but lists no device ({counted}); 'nvidia-smi' should list a card.";
        return count > 0 ? null : $"{library} lists no device; see CUDA_VISIBLE_DEVICES.";
    }

    /// <summary>Describes a device for users.</summary>
    public static GpuDeviceInfo Describe(CudaDevice device, int index) => new(
        index, GpuPlatform.Cuda, device.Name, Version(device.DriverVersion.Major, device.DriverVersion.Minor), device.MemorySize,
        device.Architecture is { } a ? Version(a.Major, a.Minor) : "unknown", device.NumMultiprocessors, WhyUnusable(device));

    private static string? WhyUnusable(CudaDevice device)
    {
        if (device.Architecture is null) return "its compute capability is not known to this version.";
        return device.InstructionSet is { } set && PTXCodeGenerator.SupportedInstructionSets.Contains(set)
            ? null
            : $"its driver (CUDA {Version(device.DriverVersion.Major, device.DriverVersion.Minor)}) is too old for a card of compute "
                + $"capability {Version(device.Architecture.Value.Major, device.Architecture.Value.Minor)}; install a newer one.";
    }

    private static string Version(int major, int minor) => string.Create(CultureInfo.InvariantCulture, $"{major}.{minor}");
}
