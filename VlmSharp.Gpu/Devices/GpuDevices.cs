using ILGPU;
using ILGPU.Runtime;

namespace VlmSharp.Gpu.Devices;

/// <summary>The devices of this machine: those of NVIDIA's driver first, then those of OpenCL drivers.</summary>
public sealed class GpuDevices
{
    private readonly List<GpuDeviceInfo> devices = [];
    private readonly List<GpuPlatformReport> platforms = [];
    private readonly List<Device> handles = []; // of ILGPU, in the same order

    private GpuDevices() { }

    /// <summary>All listed devices, usable or not.</summary>
    public IReadOnlyList<GpuDeviceInfo> Devices => devices;

    /// <summary>The result of looking for each driver.</summary>
    public IReadOnlyList<GpuPlatformReport> Platforms => platforms;

    /// <summary>Asks the drivers. No device is started.</summary>
    /// <returns>The devices found. Finding none is not an error.</returns>
    public static GpuDevices Find()
    {
        Drivers.Register();
        var found = new GpuDevices();
        found.Add(GpuPlatform.Cuda, CudaDriver.Find(out string? reason), reason, CudaDriver.Describe);
        found.Add(GpuPlatform.OpenCL, OpenClDriver.Find(out reason), reason, OpenClDriver.Describe);
        return found;
    }

    private void Add<TDevice>(
        GpuPlatform platform, IReadOnlyList<TDevice> listed, string? reason, Func<TDevice, int, GpuDeviceInfo> describe)
        where TDevice : Device
    {
        platforms.Add(new GpuPlatformReport(platform, Drivers.LibraryOf(platform), reason));
        foreach (TDevice device in listed)
        {
            devices.Add(describe(device, devices.Count));
            handles.Add(device);
        }
    }

    /// <summary>Starts a device.</summary>
    /// <param name="platform">The driver to use.</param>
    /// <param name="index">Its number in the list, or null for the first usable device of the platform.</param>
    /// <returns>The device. Dispose of it first, then of its <see cref="Accelerator.Context"/>.</returns>
    /// <exception cref="GpuException">There is no such device, or it cannot be used.</exception>
    internal static Accelerator Open(GpuPlatform platform, int? index = null) => Find().Start(platform, index);

    private Accelerator Start(GpuPlatform platform, int? index)
    {
        GpuDeviceInfo chosen = Choose(platform, index);
        // Level 2 gives every pointer a known address space; without it, most OpenCL devices reject the kernels.
        Context context = Context.Create(builder => builder.Optimize(OptimizationLevel.O2).EnableAlgorithms());
        try
        {
            return handles[chosen.Index].CreateAccelerator(context);
        }
        catch (Exception e)
        {
            context.Dispose();
            throw new GpuException($"{NameOf(platform)} device {chosen.Index} ({chosen.Name}) does not start: {e.Message.TrimEnd('.')}; "
                + "see whether another program holds its memory, or use the CPU backend.", e);
        }
    }

    /// <summary>Selects the requested device.</summary>
    /// <exception cref="GpuException">There is no such device, or it cannot be used.</exception>
    internal GpuDeviceInfo Choose(GpuPlatform platform, int? index)
    {
        string name = NameOf(platform);
        if (index is int number)
        {
            if (number < 0 || number >= devices.Count)
                throw new GpuException($"There is no device {number}: {Count(devices.Count)}; 'vlmsharp devices' lists what there is.");
            GpuDeviceInfo device = devices[number];
            if (device.Platform != platform)
                throw new GpuException($"Device {number} ({device.Name}) is not {name}'s but {NameOf(device.Platform)}'s: "
                    + "ask for that platform, or for another device.");
            if (device.Unusable is not null)
                throw new GpuException($"{name} device {number} ({device.Name}) cannot be used: {device.Unusable}");
            return device;
        }

        GpuDeviceInfo[] of = [.. devices.Where(device => device.Platform == platform)];
        if (of.FirstOrDefault(device => device.Unusable is null) is { } first) return first;
        if (of.Length > 0) throw new GpuException($"{name} device {of[0].Index} ({of[0].Name}) cannot be used: {of[0].Unusable}");
        throw new GpuException($"There is no {name} device: {platforms.Single(report => report.Platform == platform).Reason}");
    }

    private static string Count(int devices) => devices switch
    {
        0 => "no driver lists any",
        1 => "the drivers list one, number 0",
        _ => $"the drivers list {devices}, numbers 0 to {devices - 1}",
    };

    /// <summary>The platform's name as its maker writes it.</summary>
    internal static string NameOf(GpuPlatform platform) => platform == GpuPlatform.Cuda ? "CUDA" : "OpenCL";
}
