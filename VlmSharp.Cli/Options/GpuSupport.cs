using VlmSharp.Cli.Errors;
using VlmSharp.Compute;
#if CUDA
using VlmSharp.Gpu;
using VlmSharp.Gpu.Devices;
#endif

namespace VlmSharp.Cli.Options;

/// <summary>A device of the GPU backend, as the commands show it.</summary>
/// <param name="Index">Its number in the list.</param>
/// <param name="Backend">The backend that runs on it: cuda or opencl.</param>
/// <param name="Name">The name that its driver reports.</param>
/// <param name="Driver">The driver's version.</param>
/// <param name="Capability">Compute capability or OpenCL version.</param>
/// <param name="MemoryBytes">Its memory in bytes.</param>
/// <param name="Processors">The number of multiprocessors or compute units.</param>
/// <param name="Unusable">Why it cannot be used, or null.</param>
internal sealed record DeviceRow(
    int Index, string Backend, string Name, string Driver, string Capability, long MemoryBytes, int Processors, string? Unusable);

/// <summary>The result of looking for a driver.</summary>
/// <param name="Backend">The backend that needs the driver: cuda or opencl.</param>
/// <param name="Library">The library that was tried.</param>
/// <param name="Reason">Why it lists no device, or null.</param>
internal sealed record DriverRow(string Backend, string Library, string? Reason);

/// <summary>The GPU backend if this build has it (Cuda in the project file), and the message if it does not.</summary>
internal static class GpuSupport
{
    /// <summary>Why this build has no GPU backend, or null if it has one.</summary>
#if CUDA
    public static string? Missing => null;
#else
    public static string? Missing =>
        "this build of vlmsharp has no GPU backend, because it is trimmed or compiled ahead of time; " +
        "use the dotnet tool or build with -p:Cuda=true";
#endif

    /// <summary>Starts the backend on a device.</summary>
    /// <param name="backend">cuda or opencl.</param>
    /// <param name="device">The device's number in the list, or null for the first of the backend that can be used.</param>
    /// <param name="kvCache">The format of keys and values, or null for the device's default.</param>
    public static IComputeBackend Create(string backend, int? device, DType? kvCache) =>
#if CUDA
        new GpuBackend(new GpuBackendOptions { Platform = PlatformOf(backend), Device = device, KvCacheFormat = kvCache });
#else
        throw new UsageException($"--backend {backend}: {Missing}.");
#endif

    /// <summary>
    /// The devices that the drivers list, and the result of looking for each driver. Both are empty in a build without a GPU backend.
    /// </summary>
    public static (IReadOnlyList<DeviceRow> Devices, IReadOnlyList<DriverRow> Drivers) Find()
    {
#if CUDA
        GpuDevices found = GpuDevices.Find();
        return (
            [.. found.Devices.Select(d => new DeviceRow(
                d.Index, NameOf(d.Platform), d.Name, d.DriverVersion, d.Capability, d.MemoryBytes, d.Processors, d.Unusable))],
            [.. found.Platforms.Select(p => new DriverRow(NameOf(p.Platform), p.Library, p.Reason))]);
#else
        return ([], []);
#endif
    }

#if CUDA
    private static string NameOf(GpuPlatform platform) => platform == GpuPlatform.Cuda ? "cuda" : "opencl";

    private static GpuPlatform PlatformOf(string backend) => backend == "cuda" ? GpuPlatform.Cuda : GpuPlatform.OpenCL;
#endif
}
