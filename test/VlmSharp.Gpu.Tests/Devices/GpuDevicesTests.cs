using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Gpu.Devices;

namespace VlmSharp.Gpu.Tests.Devices;

/// <summary>The search for devices, its message if there is none, and starting a device.</summary>
public sealed class GpuDevicesTests
{
    private const string Absent = "libvlmsharp-no-such-driver.so.1";

    [Fact]
    public void A_library_that_does_not_exist_is_told_of_in_the_words_of_the_loader()
    {
        string? reason = Drivers.TryLoad(Absent, out nint handle);
        Assert.Equal(0, handle);
        Assert.Contains(Absent, reason, StringComparison.Ordinal);
        if (OperatingSystem.IsLinux()) Assert.Equal($"{Absent}: cannot open shared object file: No such file or directory", reason);
    }

    [Fact]
    public void A_file_that_is_no_library_is_told_of()
    {
        string path = Path.GetTempFileName();
        try
        {
            Assert.Contains(path, Drivers.TryLoad(path, out _), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Each_platform_lists_devices_or_says_why_it_lists_none()
    {
        GpuDevices found = GpuDevices.Find();
        Assert.Equal([GpuPlatform.Cuda, GpuPlatform.OpenCL], found.Platforms.Select(report => report.Platform));
        foreach (GpuPlatformReport report in found.Platforms)
            Assert.Equal(report.IsFound, found.Devices.Any(device => device.Platform == report.Platform));
        Assert.Equal(Enumerable.Range(0, found.Devices.Count), found.Devices.Select(device => device.Index));
    }

    [Fact]
    public void A_device_that_is_not_there_is_refused_in_one_sentence()
    {
        var e = Assert.Throws<GpuException>(() => GpuDevices.Open(GpuPlatform.OpenCL, 99));
        Assert.StartsWith("There is no device 99: ", e.Message, StringComparison.Ordinal);
        Assert.Throws<GpuException>(() => GpuDevices.Open(GpuPlatform.OpenCL, -1));
    }

    [Fact]
    public void A_platform_without_a_device_says_why()
    {
        GpuDevices found = GpuDevices.Find();
        foreach (GpuPlatformReport report in found.Platforms.Where(report => !report.IsFound))
        {
            var e = Assert.Throws<GpuException>(() => GpuDevices.Open(report.Platform));
            Assert.StartsWith($"There is no {GpuDevices.NameOf(report.Platform)} device: ", e.Message, StringComparison.Ordinal);
            Assert.EndsWith(report.Reason!, e.Message, StringComparison.Ordinal);
        }
    }

    [OpenClFact]
    public void An_OpenCL_device_is_described()
    {
        GpuDeviceInfo device = GpuDevices.Find().Devices.First(d => d is { Platform: GpuPlatform.OpenCL, Unusable: null });
        Assert.NotEmpty(device.Name);
        Assert.NotEmpty(device.DriverVersion);
        Assert.Matches("^[1-9][.][0-9]$", device.Capability);
        Assert.True(device is { MemoryBytes: > 0, Processors: > 0 });
    }

    [OpenClFact]
    public void An_OpenCL_device_is_not_CUDAs()
    {
        int index = GpuDevices.Find().Devices.First(d => d.Platform == GpuPlatform.OpenCL).Index;
        var e = Assert.Throws<GpuException>(() => GpuDevices.Open(GpuPlatform.Cuda, index));
        Assert.Contains("is not CUDA's but OpenCL's", e.Message, StringComparison.Ordinal);
    }

    [OpenClFact]
    public void An_OpenCL_device_runs_a_kernel()
    {
        using Accelerator device = GpuDevices.Open(GpuPlatform.OpenCL);
        using Context context = device.Context;
        using var buffer = device.Allocate1D(new float[] { 1, 2, 3 });
        var twice = device.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>>((i, x) => x[i] *= 2);
        twice(3, buffer.View);
        Assert.Equal([2f, 4, 6], buffer.GetAsArray1D());
    }
}
