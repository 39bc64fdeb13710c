using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Compute.Reference;
using VlmSharp.Cpu;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp devices</c>: lists the devices that can compute here, and why the others cannot.</summary>
internal static class DevicesCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "One JSON object instead of a table." };
        const string Description = "Lists what can compute on this machine: the CPU, and every GPU that a driver lists.";
        var command = new ExampleCommand("devices", Description, """
            The number of a GPU is what --device takes. A card with both a CUDA and an OpenCL driver is listed twice. Where a driver is not
            found, or lists nothing, its reason stands below; that is no error.

            Examples:
              vlmsharp devices
              vlmsharp devices --json
              vlmsharp caption photo.jpg --backend cuda --device 0
            """) { json };
        command.SetAction(parsed =>
        {
            using var cpu = new CpuBackend();
            (IReadOnlyList<DeviceRow> devices, IReadOnlyList<DriverRow> drivers) = GpuSupport.Find();
            if (parsed.GetValue(json)) JsonOutput.WriteLine(o => Write(o, cpu, devices, drivers));
            else Show(cpu, devices, drivers);
            return ExitCodes.Success;
        });
        return command;
    }

    private static void Show(CpuBackend cpu, IReadOnlyList<DeviceRow> devices, IReadOnlyList<DriverRow> drivers)
    {
        Table table = Tables.Create("device", "backend", "name", "memory", "processors", "version", "driver");
        table.AddPlainRow("-", "cpu", cpu.Description, Size(HostBytes), $"{cpu.Threads}", "-", "-");
        table.AddPlainRow("-", "reference", Reference, Size(HostBytes), "1", "-", "-");
        foreach (DeviceRow d in devices)
            table.AddPlainRow($"{d.Index}", d.Backend, d.Name, Size(d.MemoryBytes), $"{d.Processors}", d.Capability, d.Driver);
        Tables.Write(table);
        foreach (DeviceRow d in devices.Where(d => d.Unusable is not null))
            Console.WriteLine($"device {d.Index} cannot be used: {d.Unusable}");
        foreach (DriverRow d in drivers.Where(d => d.Reason is not null)) Console.WriteLine($"{d.Backend}: {d.Reason}");
        if (GpuSupport.Missing is { } missing) Console.WriteLine(missing);
    }

    private static void Write(Utf8JsonWriter o, CpuBackend cpu, IReadOnlyList<DeviceRow> devices, IReadOnlyList<DriverRow> drivers)
    {
        o.WriteStartObject();
        o.WriteStartArray("devices");
        WriteHost(o, "cpu", cpu.Description, cpu.Threads, SimdTiers.Bits(cpu.Simd));
        WriteHost(o, "reference", Reference, 1, null);
        foreach (DeviceRow d in devices) WriteDevice(o, d);
        o.WriteEndArray();
        o.WriteStartArray("drivers");
        foreach (DriverRow d in drivers)
        {
            o.WriteStartObject();
            o.WriteString("backend", d.Backend);
            o.WriteString("library", d.Library);
            o.WriteBoolean("found", d.Reason is null);
            if (d.Reason is { } reason) o.WriteString("reason", reason);
            o.WriteEndObject();
        }

        o.WriteEndArray();
        if (GpuSupport.Missing is { } missing) o.WriteString("no_gpu_backend", missing);
        o.WriteEndObject();
    }

    private static void WriteHost(Utf8JsonWriter o, string backend, string name, int threads, int? bits)
    {
        o.WriteStartObject();
        o.WriteString("backend", backend);
        o.WriteString("name", name);
        o.WriteNumber("memory_bytes", HostBytes);
        o.WriteNumber("threads", threads);
        if (bits is { } vector) o.WriteNumber("vector_bits", vector);
        o.WriteBoolean("usable", true);
        o.WriteEndObject();
    }

    private static void WriteDevice(Utf8JsonWriter o, DeviceRow device)
    {
        o.WriteStartObject();
        o.WriteNumber("device", device.Index);
        o.WriteString("backend", device.Backend);
        o.WriteString("name", device.Name);
        o.WriteNumber("memory_bytes", device.MemoryBytes);
        o.WriteNumber("processors", device.Processors);
        o.WriteString(device.Backend == "cuda" ? "compute_capability" : "opencl_version", device.Capability);
        o.WriteString("driver_version", device.Driver);
        o.WriteBoolean("usable", device.Unusable is null);
        if (device.Unusable is { } reason) o.WriteString("reason", reason);
        o.WriteEndObject();
    }

    private static string Reference
    {
        get
        {
            using var reference = new ReferenceBackend();
            return reference.Description;
        }
    }

    private static long HostBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    private static string Size(long bytes) => $"{bytes / (double)(1L << 30):0.0} GiB";
}
