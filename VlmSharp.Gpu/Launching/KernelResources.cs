using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace VlmSharp.Gpu.Launching;

/// <summary>What a thread or a group of a compiled kernel takes of a multiprocessor.</summary>
/// <param name="Registers">Of a thread.</param>
/// <param name="LocalBytes">Of a thread in local memory: registers that did not fit.</param>
/// <param name="SharedBytes">Of a group, declared.</param>
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
