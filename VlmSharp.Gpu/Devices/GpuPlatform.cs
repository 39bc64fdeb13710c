namespace VlmSharp.Gpu.Devices;

/// <summary>The driver interface through which a device is used.</summary>
public enum GpuPlatform
{
    /// <summary>NVIDIA's driver. Tensor cores are used from compute capability 8.0 on.</summary>
    Cuda,

    /// <summary>Any vendor's OpenCL driver, including drivers that compute on the CPU.</summary>
    OpenCL,
}
