using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using VlmSharp.Gpu;
using VlmSharp.Gpu.Devices;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Measurement;
using VlmSharp.Gpu.Operators;

namespace VlmSharp.Bench.Gpu;

/// <summary>The device itself: its identity, the kernels that it accepts, and its limits.</summary>
internal static class DeviceSteps
{
    private const int Measurements = 3;

    /// <summary>Lists the devices that the drivers report.</summary>
    public static void Devices(GpuOptions options, GpuPart part)
    {
        part.Set(
            "machine",
            $"{RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}, {Environment.ProcessorCount} processors");
        GpuDevices found = GpuDevices.Find();
        foreach (GpuPlatformReport platform in found.Platforms)
            part.Add("platforms", ("platform", $"{platform.Platform}"), ("library", platform.Library), ("reason", platform.Reason));
        foreach (GpuDeviceInfo d in found.Devices)
            part.Add("devices",
                ("device", d.Index), ("platform", $"{d.Platform}"), ("name", d.Name), ("capability", d.Capability),
                ("driver", d.DriverVersion),
                ("memory_bytes", d.MemoryBytes), ("processors", d.Processors), ("unusable", d.Unusable));
        using GpuBackend backend = options.Start();
        part.Set("backend", $"{backend.Name}: {backend.Description}");
    }

    /// <summary>Checks that the driver accepts every kernel, and reports what its compiler makes of it.</summary>
    public static void Kernels(GpuOptions options, GpuPart part)
    {
        using GpuBackend backend = options.Start();
        IReadOnlyList<Kernel> kernels = backend.HasTensorCores ? GpuOperators<TensorCore>.Kernels : GpuOperators<PortableCore>.Kernels;
        if (options.IsDry) kernels = [.. kernels.Where((_, i) => i % 8 == 0)];
        part.Set("count", kernels.Count);
        foreach (Kernel kernel in kernels)
        {
            long start = Stopwatch.GetTimestamp();
            string? error = null;
            KernelResources? resources = null;
            bool taken = part.Try($"kernel '{kernel.Name}'", () => backend.Device.Load(kernel));
            if (!taken) error = "refused";
            else if (backend.Device is AcceleratorDevice device) resources = device.ResourcesOf(kernel);
            part.Add("kernels", ("name", kernel.Name), ("seconds", Seconds(start)), ("error", error), ("threads", kernel.Threads),
                ("registers", resources?.Registers), ("local_bytes", resources?.LocalBytes), ("shared_bytes", resources?.SharedBytes));
        }
    }

    /// <summary>Measures the bandwidths and the arithmetic peak.</summary>
    public static void Limits(GpuOptions options, GpuPart part)
    {
        using GpuBackend backend = options.Start();
        using var probe = new GpuLimitProbe(backend);
        part.Set("upload_gb_per_s", GpuPart.Number(probe.MeasureUpload()));
        for (int i = 0; i < Measurements; i++)
        {
            GpuLimits l = probe.Measure();
            part.Add("limits", ("read_gb_per_s", GpuPart.Number(l.ReadBandwidth)), ("copy_gb_per_s", GpuPart.Number(l.CopyBandwidth)),
                (l.HasTensorCores ? "bf16_matrix_gflop_per_s" : "fp32_fma_gflop_per_s", GpuPart.Number(l.Peak)));
        }
    }

    private static JsonNode? Seconds(long start) => GpuPart.Number(Stopwatch.GetElapsedTime(start).TotalSeconds);
}
