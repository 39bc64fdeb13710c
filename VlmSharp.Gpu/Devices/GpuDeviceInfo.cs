namespace VlmSharp.Gpu.Devices;

/// <summary>A device that a driver lists.</summary>
/// <param name="Index">Its number in the list of all devices, used to select it.</param>
/// <param name="Platform">The platform whose driver lists it. A card with both drivers is listed twice.</param>
/// <param name="Name">The driver's name for it.</param>
/// <param name="DriverVersion">CUDA: the CUDA version that the driver supports, "12.4". OpenCL: the driver's own text.</param>
/// <param name="MemoryBytes">Its total memory, used or free.</param>
/// <param name="Capability">CUDA: the compute capability, "9.0". OpenCL: the version of OpenCL that it supports, "3.0".</param>
/// <param name="Processors">Multiprocessors (CUDA) or compute units (OpenCL).</param>
/// <param name="Unusable">One sentence that says why it cannot be used, or null.</param>
public sealed record GpuDeviceInfo(
    int Index,
    GpuPlatform Platform,
    string Name,
    string DriverVersion,
    long MemoryBytes,
    string Capability,
    int Processors,
    string? Unusable);
