namespace VlmSharp.Gpu.Devices;

/// <summary>The driver interface through which a device is used.</summary>
public enum GpuPlatform
{
    /// <summary>NVIDIA's driver; from compute capability 8.0 on with tensor cores.</summary>
    Cuda,

    /// <summary>Any vendor's OpenCL driver, those that compute on the CPU included.</summary>
    OpenCL,
}
