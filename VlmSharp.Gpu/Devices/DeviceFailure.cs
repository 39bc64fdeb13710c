using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace VlmSharp.Gpu.Devices;

/// <summary>What a driver reports, in words for users.</summary>
internal static class DeviceFailure
{
    private const string CudaShortage = nameof(CudaError.CUDA_ERROR_OUT_OF_MEMORY);

    /// <summary>Whether the device has no memory left, and is otherwise well.</summary>
    public static bool IsShortage(AcceleratorException error) => error switch
    {
        CudaException cuda => cuda.Error == CudaShortage,
        CLException cl => cl.Error is CLError.CL_MEM_OBJECT_ALLOCATION_FAILURE or CLError.CL_OUT_OF_RESOURCES or CLError.CL_OUT_OF_HOST_MEMORY or CLError.CL_INVALID_BUFFER_SIZE,
        _ => false,
    };

    /// <summary>The error of a call of the driver.</summary>
    /// <param name="error">What ILGPU says.</param>
    /// <param name="device">The device.</param>
    /// <param name="doing">What was done: "running Linear".</param>
    public static VlmSharpException Of(AcceleratorException error, string device, string doing)
    {
        string reason = error switch
        {
            CudaException cuda => cuda.Error,
            CLException cl => cl.Error.ToString(),
            _ => error.Message,
        };
        if (IsShortage(error))
            return new DeviceMemoryException($"{device} has no memory left for {doing}; ask for fewer sequences at a time, or quantize the model.", error);
        return new GpuException(
            $"{device} failed {doing} ({reason}); what was computed is lost, so start anew, and report it with the driver's version if it comes again.", error);
    }
}
