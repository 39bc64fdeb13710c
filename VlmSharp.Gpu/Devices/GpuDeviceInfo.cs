namespace VlmSharp.Gpu.Devices;

/// <summary>A device that a driver lists.</summary>
/// <param name="Index">Its number in the list of all devices, by which it is asked for.</param>
/// <param name="Platform">Whose driver lists it. A card with both drivers is listed twice.</param>
/// <param name="Name">As the driver calls it.</param>
/// <param name="DriverVersion">CUDA: the CUDA version that the driver supports, "12.4". OpenCL: the driver's own words.</param>
/// <param name="MemoryBytes">Its memory, in use or not.</param>
/// <param name="Capability">CUDA: the compute capability, "9.0". OpenCL: the version of OpenCL that it supports, "3.0".</param>
/// <param name="Processors">Multiprocessors (CUDA) or compute units (OpenCL).</param>
/// <param name="Unusable">One sentence that says why it cannot be used, or null.</param>
public sealed record GpuDeviceInfo(
    int Index, GpuPlatform Platform, string Name, string DriverVersion, long MemoryBytes, string Capability, int Processors, string? Unusable);
