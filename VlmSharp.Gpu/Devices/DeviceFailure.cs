using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace VlmSharp.Gpu.Devices;

/// <summary>Turns driver errors into messages for users.</summary>
internal static class DeviceFailure
{
    private const string CudaShortage = nameof(CudaError.CUDA_ERROR_OUT_OF_MEMORY);

    /// <summary>Whether the device ran out of memory but still works.</summary>
    public static bool IsShortage(AcceleratorException error) => error switch
    {
        CudaException cuda => cuda.Error == CudaShortage,
        CLException cl => cl.Error is CLError.CL_MEM_OBJECT_ALLOCATION_FAILURE or CLError.CL_OUT_OF_RESOURCES
            or CLError.CL_OUT_OF_HOST_MEMORY or CLError.CL_INVALID_BUFFER_SIZE,
        _ => false,
    };

    /// <summary>Creates the exception for a failed driver call.</summary>
    /// <param name="error">The error from ILGPU.</param>
    /// <param name="device">The device's name.</param>
    /// <param name="doing">What failed: an operator's name, or a phrase such as "copying the parameter x".</param>
    public static VlmSharpException Of(AcceleratorException error, string device, string doing)
    {
        string reason = error switch
        {
            CudaException cuda => cuda.Error,
            CLException cl => cl.Error.ToString(),
            _ => error.Message,
        };
        if (IsShortage(error))
            return new DeviceMemoryException(
                $"{device} has no memory left for {doing}; ask for fewer sequences at a time, or quantize the model.",
                error);
        return new GpuException(
            $"{device} failed {doing} ({reason}); what was computed is lost, so start anew, "
            + "and report it with the driver's version if it comes again.",
            error);
    }
}
