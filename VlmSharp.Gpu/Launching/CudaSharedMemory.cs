using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace VlmSharp.Gpu.Launching;

/// <summary>Shared memory above 48 KiB a group, which CUDA gives only to kernels that ask for it; ILGPU does not ask.</summary>
internal static partial class CudaSharedMemory
{
    private const int MostOptInBytes = 97, MostDynamicBytes = 8; // CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    /// <summary>What every kernel may ask for at launch.</summary>
    public const int UsualBytes = 48 << 10;

    private const int StaticReserve = 1024; // what kernels have besides: the meeting places of warps

    /// <summary>The most that a group can ask for at launch.</summary>
    public static int MostBytes(CudaAccelerator accelerator)
    {
        int bytes = 0;
        int status = DeviceGetAttribute(ref bytes, MostOptInBytes, accelerator.DeviceId);
        return (status == 0 ? bytes : accelerator.MaxSharedMemoryPerGroup) - StaticReserve;
    }

    /// <summary>Asks for it.</summary>
    /// <param name="kernel">A kernel of CUDA.</param>
    /// <param name="bytes">What a launch will ask for.</param>
    /// <returns>The driver's answer: 0 is yes.</returns>
    public static int Allow(ILGPU.Runtime.Kernel kernel, int bytes) =>
        kernel is CudaKernel cuda ? FuncSetAttribute(cuda.FunctionPtr, MostDynamicBytes, bytes) : 0;

    [LibraryImport("cuda", EntryPoint = "cuDeviceGetAttribute")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int DeviceGetAttribute(ref int value, int attribute, int device);

    [LibraryImport("cuda", EntryPoint = "cuFuncSetAttribute")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FuncSetAttribute(nint function, int attribute, int value);
}
