using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace VlmSharp.Gpu.Devices;

/// <summary>
/// Finds the drivers' libraries. ILGPU asks for "cuda" and "OpenCL"; on Linux only developers' packages install files with these names. A
/// driver is installed as libcuda.so.1, an OpenCL loader as libOpenCL.so.1.
/// </summary>
internal static class Drivers
{
    /// <summary>Where the Windows Subsystem for Linux keeps the host's driver.</summary>
    private const string WslCuda = "/usr/lib/wsl/lib/libcuda.so.1";

    private static readonly Lazy<bool> Registered = new(() =>
    {
        // For the driver functions that this assembly calls itself.
        NativeLibrary.SetDllImportResolver(typeof(Drivers).Assembly, (_, _, _) => Load(LibraryOf(GpuPlatform.Cuda)));
        try
        {
            NativeLibrary.SetDllImportResolver(typeof(CudaAPI).Assembly, (name, _, _) => Resolve(name));
            return true;
        }
        catch (InvalidOperationException)
        {
            return false; // the program has set its own resolver for ILGPU, which stays
        }
    });

    /// <summary>Makes ILGPU find the drivers. Call it before ILGPU is first used.</summary>
    public static void Register() => _ = Registered.Value;

    /// <summary>The library of a platform's driver on this system.</summary>
    public static string LibraryOf(GpuPlatform platform) => (platform, OperatingSystem.IsWindows(), OperatingSystem.IsMacOS()) switch
    {
        (GpuPlatform.Cuda, true, _) => "nvcuda.dll",
        (GpuPlatform.OpenCL, true, _) => "OpenCL.dll",
        (GpuPlatform.OpenCL, _, true) => "/System/Library/Frameworks/OpenCL.framework/OpenCL",
        (GpuPlatform.Cuda, _, _) => File.Exists(WslCuda) ? WslCuda : "libcuda.so.1",
        _ => "libOpenCL.so.1",
    };

    /// <summary>Loads a library, or says why it cannot be loaded.</summary>
    /// <param name="library">Its name or path.</param>
    /// <param name="handle">The library, or 0.</param>
    /// <returns>Null, or the reason in the words of the system's loader.</returns>
    public static string? TryLoad(string library, out nint handle)
    {
        handle = 0;
        try
        {
            handle = NativeLibrary.Load(library);
            return null;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            return LoaderWords(e.Message, library);
        }
    }

    /// <summary>Starts the CUDA driver. ILGPU does so too, but hides the status.</summary>
    /// <param name="driver">The loaded library.</param>
    /// <returns>The driver's status.</returns>
    public static unsafe CudaError StartCuda(nint driver) => NativeLibrary.TryGetExport(driver, "cuInit", out nint start)
        ? (CudaError)((delegate* unmanaged<uint, int>)start)(0)
        : CudaError.CUDA_ERROR_NOT_FOUND;

    /// <summary>Removes the tracing advice that the runtime adds: the loader's own line begins with the library's name.</summary>
    private static string LoaderWords(string message, string library)
    {
        string[] lines = message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.FirstOrDefault(line => line.StartsWith(library + ":", StringComparison.Ordinal)) ?? string.Join(" ", lines);
    }

    private static nint Resolve(string name)
    {
        string? library = name switch
        {
            CudaAPI.LibNameLinux when OperatingSystem.IsLinux() => LibraryOf(GpuPlatform.Cuda),
            CLAPI.LibNameLinux when OperatingSystem.IsLinux() => LibraryOf(GpuPlatform.OpenCL),
            _ => null,
        };
        return library is null ? 0 : Load(library);
    }

    // 0 lets the default search continue.
    private static nint Load(string library) => NativeLibrary.TryLoad(library, out nint handle) ? handle : 0;
}
