using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace VlmSharp.Gpu.Devices;

/// <summary>What a driver reports, in words for users.</summary>
internal static class DeviceFailure
{
    /// <summary>The error of a call of the driver.</summary>
    /// <param name="error">What ILGPU says.</param>
    /// <param name="device">The device.</param>
    /// <param name="doing">What was done: "running Linear".</param>
    public static VlmSharpException Of(AcceleratorException error, string device, string doing)
    {
        string reason = error switch
        {
            CudaException cuda => $"{cuda.Error}, {(int)cuda.Error}",
            CLException cl => cl.Error.ToString(),
            _ => error.Message,
        };
        if (error is CudaException { Error: CudaError.CUDA_ERROR_OUT_OF_MEMORY } or CLException { Error: CLError.CL_MEM_OBJECT_ALLOCATION_FAILURE })
            return new DeviceMemoryException($"{device} has no memory left for {doing}; ask for fewer sequences at a time, or quantize the model.", error);
        return new GpuException(
            $"{device} failed {doing} ({reason}); what was computed is lost, so start anew, and report it with the driver's version if it comes again.", error);
    }
}
