using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace VlmSharp.Gpu.Launching;

/// <summary>Shared memory above 48 KiB per group. CUDA gives it only to kernels that request it, and ILGPU does not.</summary>
internal static partial class CudaSharedMemory
{
    private const int MostOptInBytes = 97; // CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
    private const int MostDynamicBytes = 8; // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES

    /// <summary>What every kernel may request at launch.</summary>
    public const int UsualBytes = 48 << 10;

    private const int StaticReserve = 1024; // declared by kernels: the memory that joins warps

    /// <summary>The most that a group can request at launch.</summary>
    public static int MostBytes(CudaAccelerator accelerator)
    {
        int bytes = 0;
        int status = DeviceGetAttribute(ref bytes, MostOptInBytes, accelerator.DeviceId);
        return (status == 0 ? bytes : accelerator.MaxSharedMemoryPerGroup) - StaticReserve;
    }

    /// <summary>Requests shared memory for a kernel.</summary>
    /// <param name="kernel">The kernel; only CUDA kernels need the request.</param>
    /// <param name="bytes">What a launch will request.</param>
    /// <returns>The driver's status; 0 is success.</returns>
    public static int Allow(ILGPU.Runtime.Kernel kernel, int bytes) =>
        kernel is CudaKernel cuda ? FuncSetAttribute(cuda.FunctionPtr, MostDynamicBytes, bytes) : 0;

    [LibraryImport("cuda", EntryPoint = "cuDeviceGetAttribute")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int DeviceGetAttribute(ref int value, int attribute, int device);

    [LibraryImport("cuda", EntryPoint = "cuFuncSetAttribute")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FuncSetAttribute(nint function, int attribute, int value);
}
