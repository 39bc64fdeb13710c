using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace VlmSharp.Gpu.Launching;

/// <summary>What a compiled kernel uses of a multiprocessor.</summary>
/// <param name="Registers">Registers per thread.</param>
/// <param name="LocalBytes">Local memory per thread: registers that did not fit.</param>
/// <param name="SharedBytes">Shared memory that a group declares.</param>
internal readonly partial record struct KernelResources(int Registers, int LocalBytes, int SharedBytes)
{
    private const int SharedSize = 1, LocalSize = 3, RegisterCount = 4; // CU_FUNC_ATTRIBUTE_*

    /// <summary>Asks the driver.</summary>
    public static KernelResources Of(CudaKernel kernel) =>
        new(Ask(kernel, RegisterCount), Ask(kernel, LocalSize), Ask(kernel, SharedSize));

    private static int Ask(CudaKernel kernel, int attribute)
    {
        int value = 0;
        return FuncGetAttribute(ref value, attribute, kernel.FunctionPtr) == 0 ? value : -1;
    }

    [LibraryImport("cuda", EntryPoint = "cuFuncGetAttribute")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FuncGetAttribute(ref int value, int attribute, nint function);
}
